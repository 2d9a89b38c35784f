using OptimizerBuild.Plan;

namespace OptimizerBuild.Generators.KernelSources;

/// <summary>What of the kernels a compilation gets.</summary>
/// <param name="Version">The major version of its framework.</param>
/// <param name="Files">The files, sorted.</param>
/// <param name="LeftOut">For each of them, in order, the first characters of the parts that nothing needs.</param>
internal sealed record KernelSelection(int Version, EquatableList<string> Files, EquatableList<EquatableList<int>> LeftOut);
