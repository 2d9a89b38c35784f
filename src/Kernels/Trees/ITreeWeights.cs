namespace OptimizerBuild.Kernels;

using global::System.Runtime.Intrinsics;

/// <summary>How the weights of leaves lie in memory, and in what they are added up.</summary>
/// <typeparam name="T">The type of the output.</typeparam>
/// <typeparam name="TSum">The type of sums.</typeparam>
internal interface ITreeWeights<T, TSum>
    where T : unmanaged
    where TSum : unmanaged
{
    /// <summary>One weight.</summary>
    /// <param name="weights">The first weight of all.</param>
    /// <param name="index">Its number.</param>
    static abstract TSum At(ref byte weights, nint index);

    /// <summary>Weights that follow one another, as many as a vector of sums has.</summary>
    /// <param name="weights">The first weight of all.</param>
    /// <param name="index">The number of the first of them.</param>
    static abstract Vector128<TSum> Several(ref byte weights, nint index);

    /// <summary>What a sum stands for.</summary>
    /// <param name="sum">The sum.</param>
    /// <param name="scale">What a sum of 1 stands for, where weights are integers.</param>
    static abstract T Real(TSum sum, float scale);
}
