namespace OptimizerBuild.Kernels;

/// <summary>
/// A step that several threads carry out together, in chunks. A workspace keeps one object of each kind and fills it in for every step,
/// so that a prediction allocates nothing.
/// </summary>
internal abstract class KernelJob
{
    /// <summary>Carries out one chunk. Chunks write different outputs, so their order and their threads do not matter.</summary>
    /// <param name="w">The workspace as the thread sees it.</param>
    /// <param name="chunk">The chunk, from 0.</param>
    /// <param name="chunks">How many there are.</param>
    public abstract void Run(Workspace w, int chunk, int chunks);

    /// <summary>Where a chunk of so many units begins when they are shared out as equally as can be.</summary>
    protected static int Bound(int units, int chunk, int chunks) => unchecked((int)((long)units * chunk / chunks));
}
