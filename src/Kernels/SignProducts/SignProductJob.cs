namespace OptimizerBuild.Kernels;

/// <summary>A <see cref="SignProduct"/> on several threads: by output rows or pixels, or by outputs where there are few of those.</summary>
internal sealed class SignProductJob : KernelJob
{
    /// <summary>Multiply-accumulates from which on several threads are worth it: about two microseconds of one.</summary>
    private const long LeastWork = 1_500_000;

    /// <summary>Chunks for each thread, so that one that is held up does not hold up the others.</summary>
    private const int ChunksPerThread = 3;

    private SignProduct _product;
    private bool _byOutputs;

    /// <summary>Carries out a product on the prediction's threads, if it is large enough.</summary>
    /// <returns>Whether it has been carried out.</returns>
    public static bool TryRun(Workspace w, in SignProduct product)
    {
        unchecked
        {
            long pixels = (long)product.Images * product.Height * product.Width;
            if (pixels * product.Outputs * product.Terms < LeastWork && !w.TakesStepsAsLarge)
                return false;
            int lines = product.Height > 1 ? product.Height : product.Width;
            int most = w.Threads * ChunksPerThread;
            bool byOutputs = lines < w.Threads && product.Panels > lines;
            int chunks = byOutputs ? product.Panels : lines;
            if (chunks > most)
                chunks = most;
            if (chunks < 2)
                return false;
            SignProductJob job = w.Job<SignProductJob>();
            job._product = product;
            job._byOutputs = byOutputs;
            KernelThreads.Run(job, chunks);
            return true;
        }
    }

    /// <inheritdoc/>
    public override void Run(Workspace w, int chunk, int chunks)
    {
        unchecked
        {
            SignProduct part = _product;
            if (_byOutputs)
            {
                SignLoop.Run(w, in part, Bound(part.Panels, chunk, chunks), Bound(part.Panels, chunk + 1, chunks));
                return;
            }

            bool byRows = part.Height > 1;
            int lines = byRows ? part.Height : part.Width;
            int from = Bound(lines, chunk, chunks), count = Bound(lines, chunk + 1, chunks) - from;
            int inputs = from * (byRows ? part.InputRowStep : part.InputPixelStep);
            part.Negative += inputs;
            part.Nonzero += inputs;
            part.Output += from * (byRows ? part.OutputRowStride : part.OutputPixelStride);
            if (byRows)
                part.Height = count;
            else
                part.Width = count;
            SignLoop.Run(w, in part, 0, part.Panels);
        }
    }
}
