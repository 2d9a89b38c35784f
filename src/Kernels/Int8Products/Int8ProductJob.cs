namespace OptimizerBuild.Kernels;

/// <summary>
/// An <see cref="Int8Product"/> on several threads: by output rows, or by output channels where the weights are what is large.
/// </summary>
internal sealed class Int8ProductJob : KernelJob
{
    /// <summary>Multiply-accumulates from which on several threads are worth it: about two microseconds of one.</summary>
    private const long LeastWork = 400_000;

    /// <summary>Chunks for each thread, so that one that is held up does not hold up the others.</summary>
    private const int ChunksPerThread = 3;

    private const int PanelWidth = 16;

    private Int8Product _product;
    private bool _byChannels;

    /// <summary>Carries out a product on the prediction's threads, if it is large enough.</summary>
    /// <returns>Whether it has been carried out.</returns>
    public static bool TryRun(Workspace w, in Int8Product product)
    {
        unchecked
        {
            long rows = (long)product.Images * product.Height * product.Width;
            long weights = (long)product.Groups * product.PaddedChannels * product.Quads * 4;
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
            Int8ProductJob job = w.Job<Int8ProductJob>();
            job._product = product;
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
            if (_byChannels)
            {
                int panels = (_product.PaddedChannels + PanelWidth - 1) / PanelWidth;
                int from = Bound(panels, chunk, chunks) * PanelWidth;
                int to = Bound(panels, chunk + 1, chunks) * PanelWidth;
                Int8ProductLoop.Run(w, in _product, from, to < _product.PaddedChannels ? to : _product.PaddedChannels);
                return;
            }

            Int8Product part = _product;
            if (part.Height > 1)
            {
                int from = Bound(part.Height, chunk, chunks);
                part.Height = Bound(part.Height, chunk + 1, chunks) - from;
                part.Input += from * part.InputRowStep;
                part.Output += from * part.OutputRowStride;
            }
            else
            {
                int from = Bound(part.Width, chunk, chunks);
                part.Width = Bound(part.Width, chunk + 1, chunks) - from;
                part.Input += from * part.InputPixelStep;
                part.Output += from * part.OutputPixelStride;
            }

            Int8ProductLoop.Run(w, in part, 0, part.PaddedChannels);
        }
    }
}
