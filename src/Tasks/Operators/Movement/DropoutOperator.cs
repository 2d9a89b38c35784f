using System.Collections.Immutable;
using OptimizerBuild.Graphs;
using OptimizerBuild.Operators.Numerics;

namespace OptimizerBuild.Operators.Movement;

/// <summary>
/// Dropout in inference, or with a ratio of 0: its input unchanged, and a mask of nothing but true (ONNX operator Dropout).
/// </summary>
[Operator("Dropout")]
[Input(0, "data", Elements.All)]
[Input(1, "ratio", Elements.Floats, Optional = true, Fixed = true, From = 12)]
[Input(2, "training_mode", Elements.Bool, Optional = true, Fixed = true, From = 12)]
[Output(0, "output")]
[Output(1, "mask", Optional = true)]
[Parameter("is_test", ParameterKind.Int, Until = 6)]
[Parameter("ratio", ParameterKind.Float, Until = 11)]
[Parameter("seed", ParameterKind.Int, From = 12)]
internal sealed class DropoutOperator : MovementOperator, IKeepsElementOrder
{
    /// <inheritdoc/>
    public override ImmutableArray<TensorType> Infer(OperatorContext context)
    {
        // In training a ratio of 0 drops nothing.
        bool drops = !context.Has(1) || context.InputConstants[1] is not { } ratio || FloatTensor.Values(ratio).Any(r => r != 0);
        if (context.Has(2) && drops
            && (context.InputConstants[2] is not { Element: ElementType.Bool } training || training.Values<bool>().Any(t => t)))
            throw context.Unsupported("Dropout in inference (training_mode=false), or with a ratio of 0");
        TensorType x = context.Type(0);
        return [x, x.As(ElementType.Bool)];
    }

    /// <inheritdoc/>
    public override Tensor[] Evaluate(OperatorContext context, IReadOnlyList<Tensor?> inputs)
    {
        Tensor mask = Tensor.Zeros(context.OutputTypes[1]);
        Array.Fill(mask.Values<bool>(), true);
        return [inputs[0]!, mask];
    }

    /// <inheritdoc/>
    public override IntegerForm IntegerForm(OperatorContext context) =>
        context.Type(0).Element == ElementType.Float32 && context.Node.Outputs.Length == 1
            ? Operators.IntegerForm.SameScale
            : Operators.IntegerForm.None;

    /// <inheritdoc/>
    public override bool IsIdentity(OperatorContext context) => true;
}
