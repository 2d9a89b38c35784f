namespace OptimizerBuild.Kernels.Tests.Cases;

/// <summary>The registry of kernels and the cases on which they are tested; child processes run the same.</summary>
internal static class KernelCases
{
    private static readonly Lazy<IReadOnlyList<KernelCase>> Cases = new(() =>
    [
        .. ConvolutionCases.All(),
        .. DenseCases.All(),
        .. PoolCases.All(),
        .. ElementwiseCases.All(),
        .. TableCases.All(),
        .. FixedPointCases.All(),
        .. QuantizationCases.All(),
        .. MovementCases.All(),
        .. Float32Cases.All(),
        .. RecurrentCases.All(),
        .. TreeCases.All(),
        .. AnyTypeCases.All(),
        .. CodingCases.All(),
        .. TextCases.All(),
        .. PairwiseCouplingCases.All(),
        .. DenseCases.Sparse(),
        .. ConvolutionCases.Sparse(),
        .. Float32Cases.Sparse(),
        .. MatMulCases.All(),
        .. CodingCases.TwoOfFour(),
        .. ImageCases.All(),
        .. NormalizationCases.All(),
        .. ResampleCases.All(),
        .. CodingCases.Signs(),
        .. DenseCases.Nibbles(),
        .. ConvolutionCases.Nibbles(),
        .. CodingCases.Nibbles(),
        .. SignCases.All(),
        .. ConvolutionCases.Winograd(),
    ]);

    /// <summary>All cases, in a fixed order.</summary>
    public static IReadOnlyList<KernelCase> All => Cases.Value;

    /// <summary>The kernels' names.</summary>
    public static IEnumerable<string> Kernels => All.Select(c => c.Kernel).Distinct();
}
