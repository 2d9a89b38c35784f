namespace OptimizerBuild.Kernels;

/// <summary>An <see cref="Int8DepthwiseProduct"/> on several threads, by output rows.</summary>
internal sealed class Int8DepthwiseJob : KernelJob
{
    /// <summary>Multiply-accumulates from which on several threads are worth it: about two microseconds of one.</summary>
    private const long LeastWork = 100_000;

    /// <summary>Chunks for each thread, so that one that is held up does not hold up the others.</summary>
    private const int ChunksPerThread = 3;

    private Int8DepthwiseProduct _product;

    /// <summary>Carries out a convolution on the prediction's threads, if it is large enough.</summary>
    /// <returns>Whether it has been carried out.</returns>
    public static bool TryRun(Workspace w, in Int8DepthwiseProduct product)
    {
        unchecked
        {
            long work = (long)product.Images * product.Height * product.Width * product.Channels * product.KernelHeight
                * product.KernelWidth;
            int most = w.Threads * ChunksPerThread;
            int chunks = product.Height < most ? product.Height : most;
            if ((work < LeastWork && !w.TakesStepsAsLarge) || chunks < 2)
                return false;
            Int8DepthwiseJob job = w.Job<Int8DepthwiseJob>();
            job._product = product;
            KernelThreads.Run(job, chunks);
            return true;
        }
    }

    /// <inheritdoc/>
    public override void Run(Workspace w, int chunk, int chunks)
    {
        unchecked
        {
            Int8DepthwiseProduct part = _product;
            int from = Bound(part.Height, chunk, chunks);
            part.Height = Bound(part.Height, chunk + 1, chunks) - from;
            part.Input += from * part.StrideHeight * part.InputRowStride;
            part.Output += from * part.OutputRowStride;
            Int8Depthwise.Run(w, in part);
        }
    }
}
