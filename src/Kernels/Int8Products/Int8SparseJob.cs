namespace OptimizerBuild.Kernels;

/// <summary>
/// An <see cref="Int8SparseProduct"/> on several threads: by output rows, or by output channels where the weights are what is large.
/// </summary>
internal sealed class Int8SparseJob : KernelJob
{
    /// <summary>Multiply-accumulates from which on several threads are worth it: about two microseconds of one.</summary>
    private const long LeastWork = 400_000;

    /// <summary>Chunks for each thread, so that one that is held up does not hold up the others.</summary>
    private const int ChunksPerThread = 3;

    private const int PanelWidth = 16;

    private Int8SparseProduct _sparse;
    private bool _byChannels;

    /// <summary>Carries out a product on the prediction's threads, if it is large enough.</summary>
    /// <returns>Whether it has been carried out.</returns>
    public static bool TryRun(Workspace w, in Int8SparseProduct sparse)
    {
        unchecked
        {
            ref readonly Int8Product product = ref sparse.Product;
            long rows = (long)product.Images * product.Height * product.Width;
            long weights = (long)sparse.Blocks(w) * Int8SparseProduct.BlockBytes;
            if (rows * weights < LeastWork && !w.TakesStepsAsLarge)
                return false;
            int panels = (product.PaddedChannels + PanelWidth - 1) / PanelWidth;
            int lines = product.Height > 1 ? product.Height : product.Width;
            int most = w.Threads * ChunksPerThread;
            bool byChannels = panels >= w.Threads && (weights > rows * product.InputPixelStep || lines < w.Threads);
            int chunks = byChannels ? panels : lines;
            if (chunks > most)
                chunks = most;
            if (chunks < 2)
                return false;
            Int8SparseJob job = w.Job<Int8SparseJob>();
            job._sparse = sparse;
            job._byChannels = byChannels;
            KernelThreads.Run(job, chunks);
            return true;
        }
    }

    /// <inheritdoc/>
    public override void Run(Workspace w, int chunk, int chunks)
    {
        unchecked
        {
            Int8SparseProduct part = _sparse;
            int padded = part.Product.PaddedChannels;
            if (_byChannels)
            {
                int panels = (padded + PanelWidth - 1) / PanelWidth;
                int from = Bound(panels, chunk, chunks) * PanelWidth;
                int to = Bound(panels, chunk + 1, chunks) * PanelWidth;
                Int8SparseLoop.Run(w, in part, from, to < padded ? to : padded);
                return;
            }

            if (part.Product.Height > 1)
            {
                int from = Bound(part.Product.Height, chunk, chunks);
                part.Product.Height = Bound(part.Product.Height, chunk + 1, chunks) - from;
                part.Product.Input += from * part.Product.InputRowStep;
                part.Product.Output += from * part.Product.OutputRowStride;
            }
            else
            {
                int from = Bound(part.Product.Width, chunk, chunks);
                part.Product.Width = Bound(part.Product.Width, chunk + 1, chunks) - from;
                part.Product.Input += from * part.Product.InputPixelStep;
                part.Product.Output += from * part.Product.OutputPixelStride;
            }

            Int8SparseLoop.Run(w, in part, 0, padded);
        }
    }
}
