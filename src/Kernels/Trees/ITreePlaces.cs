namespace OptimizerBuild.Kernels;

/// <summary>
/// How the places of decision trees lie in memory whose tests have been answered before: the number of a test in the lower bits, how far it
/// is to the first of the two places to which the branch leads in those above. A leaf leads nowhere, and its number stands behind those of
/// the tests.
/// </summary>
internal interface ITreePlaces
{
    /// <summary>The bits of a place, with nothing above them.</summary>
    /// <param name="places">The first place of all.</param>
    /// <param name="at">The number of the place.</param>
    static abstract uint Load(ref byte places, nint at);
}
