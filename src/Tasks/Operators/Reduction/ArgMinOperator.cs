namespace OptimizerBuild.Operators.Reduction;

/// <summary>Index of the smallest element along one axis, the first one unless <c>select_last_index</c> (ONNX operator ArgMin).</summary>
[Operator("ArgMin")]
internal sealed class ArgMinOperator : ArgExtremum
{
    /// <inheritdoc/>
    public override string KernelMethod => nameof(Kernels.ArgExtremum.Min);

    /// <inheritdoc/>
    protected override bool Beats<T>(T a, T b) => a < b;
}
