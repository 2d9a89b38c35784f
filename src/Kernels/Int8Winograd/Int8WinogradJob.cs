namespace OptimizerBuild.Kernels;

/// <summary>
/// An <see cref="Int8WinogradProduct"/> on several threads: by windows, or by output channels where the weights are what is large.
/// </summary>
internal sealed class Int8WinogradJob : KernelJob
{
    /// <summary>Products of words, twice, from which on several threads are worth it: about two microseconds of one.</summary>
    private const long LeastWork = 300_000;

    /// <summary>Chunks for each thread, so that one that is held up does not hold up the others.</summary>
    private const int ChunksPerThread = 3;

    /// <summary>The fewest windows of a chunk: the rows of a tile.</summary>
    private const int LeastWindows = 6;

    private Int8WinogradProduct _product;
    private bool _byChannels;

    /// <summary>Carries out a product on the prediction's threads, if it is large enough.</summary>
    /// <returns>Whether it has been carried out.</returns>
    public static bool TryRun(Workspace w, in Int8WinogradProduct product)
    {
        unchecked
        {
            int least = w.TakesStepsAsLarge ? 1 : LeastWindows;
            if ((long)product.Direct.Images * product.Windows * product.WeightBytes < LeastWork && !w.TakesStepsAsLarge)
                return false;
            int panels = product.Direct.Channels / Int8WinogradProduct.PanelWidth;
            int parts = product.Windows / least;
            bool byChannels = panels >= w.Threads
                && (product.WeightBytes > (long)product.Windows * product.Pitch * product.Positions || parts < w.Threads);
            int chunks = byChannels ? panels : parts;
            if (chunks > w.Threads * ChunksPerThread)
                chunks = w.Threads * ChunksPerThread;
            if (chunks < 2)
                return false;
            Int8WinogradJob job = w.Job<Int8WinogradJob>();
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
            ref byte weights = ref WinogradWeights.Of(w, in _product);
            if (_byChannels)
            {
                int panels = _product.Direct.Channels / Int8WinogradProduct.PanelWidth;
                int from = Bound(panels, chunk, chunks) * Int8WinogradProduct.PanelWidth;
                int to = Bound(panels, chunk + 1, chunks) * Int8WinogradProduct.PanelWidth;
                Int8WinogradLoop.Run(w, in _product, ref weights, 0, _product.Windows, from, to);
            }
            else
            {
                Int8WinogradLoop.Run(
                    w, in _product, ref weights, Bound(_product.Windows, chunk, chunks), Bound(_product.Windows, chunk + 1, chunks), 0,
                    _product.Direct.Channels);
            }
        }
    }
}
