namespace OptimizerBuild.Kernels;

/// <summary>
/// How the places of decision trees lie in memory. A place is a branch, of which the two places to which it leads follow one another
/// further
/// on, or a leaf, whose threshold is NaN, so that a walk stays there. Both hold how far it is to the first of the next two: 0 for a leaf.
/// </summary>
/// <typeparam name="T">The type of features.</typeparam>
internal interface ITreeSlots<T>
    where T : unmanaged
{
    /// <summary>One step of a walk: to the second of the next two places where the feature is at most the threshold, else to the
    /// first.</summary>
    /// <param name="slots">The first place of all.</param>
    /// <param name="at">The number of the place.</param>
    /// <param name="row">The features.</param>
    /// <param name="moved">Gets bits from the 16th on where the place is a branch.</param>
    static abstract nint Next(ref byte slots, nint at, ref T row, ref int moved);

    /// <summary>The number of the leaf that lies at a place.</summary>
    static abstract int Leaf(ref byte slots, nint at);
}
