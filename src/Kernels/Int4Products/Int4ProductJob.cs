namespace OptimizerBuild.Kernels;

/// <summary>
/// An <see cref="Int4Product"/> on several threads: by output channels, so that each panel is expanded once, or by output rows where there
/// are too few panels.
/// </summary>
internal sealed class Int4ProductJob : KernelJob
{
    /// <summary>Multiply-accumulates from which on several threads are worth it: about two microseconds of one.</summary>
    private const long LeastWork = 400_000;

    /// <summary>Chunks for each thread, so that one that is held up does not hold up the others.</summary>
    private const int ChunksPerThread = 3;

    private Int4Product _four;
    private bool _byChannels;

    /// <summary>Carries out a product on the prediction's threads, if it is large enough.</summary>
    /// <returns>Whether it has been carried out.</returns>
    public static bool TryRun(Workspace w, in Int4Product four)
    {
        unchecked
        {
            ref readonly Int8Product product = ref four.Product;
            long rows = (long)product.Images * product.Height * product.Width;
            if (rows * product.Groups * product.PaddedChannels * product.Quads * 4 < LeastWork && !w.TakesStepsAsLarge)
                return false;
            int panels = four.Panels;
            int lines = product.Height > 1 ? product.Height : product.Width;
            int most = w.Threads * ChunksPerThread;
            bool byChannels = panels >= w.Threads || lines < panels;
            int chunks = byChannels ? panels : lines;
            if (chunks > most)
                chunks = most;
            if (chunks < 2)
                return false;
            Int4ProductJob job = w.Job<Int4ProductJob>();
            job._four = four;
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
            Int4Product part = _four;
            int padded = part.Product.PaddedChannels;
            if (_byChannels)
            {
                int from = Bound(part.Panels, chunk, chunks) * Int4Product.PanelWidth;
                int to = Bound(part.Panels, chunk + 1, chunks) * Int4Product.PanelWidth;
                Int4ProductLoop.Run(w, in part, from, to < padded ? to : padded);
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

            Int4ProductLoop.Run(w, in part, 0, padded);
        }
    }
}
