using OptimizerBuild.Graphs;
using OptimizerBuild.Kernels;
using TensorPrimitives = System.Numerics.Tensors.TensorPrimitives;

namespace OptimizerBuild.Operators.Pooling;

/// <summary>Maximum of each channel over all its positions (ONNX operator GlobalMaxPool).</summary>
[Operator("GlobalMaxPool")]
internal sealed class GlobalMaxPoolOperator : GlobalPoolOperator
{
    /// <inheritdoc/>
    public override string KernelMethod => nameof(Float32Reduce.Max);

    /// <inheritdoc/>
    public override IntegerForm IntegerForm(OperatorContext context) =>
        context.Type(0).Element == ElementType.Float32 ? Operators.IntegerForm.SameScale : Operators.IntegerForm.None;

    /// <inheritdoc/>
    protected override float Reduce(ReadOnlySpan<float> positions) => TensorPrimitives.Max(positions);
}
