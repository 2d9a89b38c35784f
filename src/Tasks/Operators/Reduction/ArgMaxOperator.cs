namespace OptimizerBuild.Operators.Reduction;

/// <summary>Index of the largest element along one axis, the first one unless <c>select_last_index</c> (ONNX operator ArgMax).</summary>
[Operator("ArgMax")]
internal sealed class ArgMaxOperator : ArgExtremum
{
    /// <inheritdoc/>
    public override string KernelMethod => nameof(Kernels.ArgExtremum.Max);

    /// <inheritdoc/>
    protected override bool Beats<T>(T a, T b) => a > b;
}
