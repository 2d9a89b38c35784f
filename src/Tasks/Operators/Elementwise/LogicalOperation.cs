using System.Collections.Immutable;
using OptimizerBuild.Graphs;
using OptimizerBuild.Operators.Gradients;
using OptimizerBuild.Operators.Numerics;

namespace OptimizerBuild.Operators.Elementwise;

/// <summary>An operation on two boolean tensors, broadcast against each other: And, Or, Xor.</summary>
[Input(0, "A", Elements.Bool)]
[Input(1, "B", Elements.Bool)]
[Output(0, "C")]
[Parameter("axis", ParameterKind.Int, Until = 6)]
[Parameter("broadcast", ParameterKind.Int, Until = 6)]
[NotDifferentiable("works on booleans")]
internal abstract class LogicalOperation : Operator, IElementwise, IKeepsExtent
{
    /// <summary>
    /// The kernel that computes it on bytes of 0 or 1: a method of <c>NumericBinary</c> (a minimum, a maximum) or of <c>Compare</c>.
    /// </summary>
    public abstract KernelCall Kernel { get; }

    /// <inheritdoc/>
    public override int Operands(Node node) => 2;

    /// <inheritdoc/>
    public override ImmutableArray<TensorType> Infer(OperatorContext context) =>
        [TensorType.Of(ElementType.Bool, Broadcasting.Shape(context, context.Type(0), context.Type(1)))];

    /// <inheritdoc/>
    public override Tensor[] Evaluate(OperatorContext context, IReadOnlyList<Tensor?> inputs)
    {
        TensorType type = context.OutputTypes[0];
        bool[] x = inputs[0]!.Values<bool>(), z = inputs[1]!.Values<bool>();
        var y = new bool[type.Count];
        Broadcasting.Walk(inputs[0]!.Dimensions.AsSpan(), inputs[1]!.Dimensions.AsSpan(), type.Dimensions.AsSpan(),
            (i, iStep, j, jStep, o, length) =>
        {
            for (int p = 0; p < length; p++)
                y[o + p] = Combine(x[i + (p * iStep)], z[j + (p * jStep)]);
        });
        return [new(type, y)];
    }

    /// <summary>The operation.</summary>
    protected abstract bool Combine(bool a, bool b);

    /// <inheritdoc/>
    public int? ResultAxis(OperatorContext context, IReadOnlyList<int?> axes) =>
        BroadcastExtent.ResultAxis(context, axes);
}
