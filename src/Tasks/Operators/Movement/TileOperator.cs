using System.Collections.Immutable;
using System.Numerics;
using OptimizerBuild.Graphs;
using OptimizerBuild.Operators.Gradients;
using OptimizerBuild.Operators.Numerics;

namespace OptimizerBuild.Operators.Movement;

/// <summary>A tensor repeated along its axes (ONNX operator Tile).</summary>
[Operator("Tile")]
[Input(0, "input", Elements.All)]
[Input(1, "repeats", Elements.Int64, Fixed = true)]
[Output(0, "output")]
internal sealed class TileOperator : Operator, IDifferentiable
{
    /// <inheritdoc/>
    public override ImmutableArray<TensorType> Infer(OperatorContext context)
    {
        TensorType x = context.Type(0);
        long[] repeats = context.RequiredInts(1);
        if (repeats.Length != x.Rank || repeats.Any(r => r < 0))
            throw context.Invalid($"its repeats [{string.Join(',', repeats)}] do not fit {x}");
        return [new(x.Element, [.. x.Dimensions.Select((d, i) => checked((int)(d * repeats[i])))])];
    }

    /// <inheritdoc/>
    public override Tensor[] Evaluate(OperatorContext context, IReadOnlyList<Tensor?> inputs)
    {
        Tensor x = inputs[0]!;
        Tensor result = Tensor.Zeros(context.OutputTypes[0]);
        if (result.Count == 0)
            return [result];
        int[] from = Shapes.Strides(x.Dimensions.AsSpan()), to = Shapes.Strides(result.Dimensions.AsSpan());
        // Every axis appears twice: the repetitions, which stand still in the source, and the elements.
        var dimensions = new int[2 * x.Rank];
        var source = new int[2 * x.Rank];
        var target = new int[2 * x.Rank];
        for (int i = 0; i < x.Rank; i++)
        {
            int d = x.Dimensions[i];
            (dimensions[2 * i], source[2 * i], target[2 * i]) = (result.Dimensions[i] / d, 0, to[i] * d);
            (dimensions[(2 * i) + 1], source[(2 * i) + 1], target[(2 * i) + 1]) = (d, from[i], to[i]);
        }
        TensorMove.Copy(x, 0, source, result, 0, target, dimensions);
        return [result];
    }

    /// <inheritdoc/>
    public override OperatorArithmetic Arithmetic => OperatorArithmetic.Moves;

    /// <inheritdoc/>
    public void Backward<T>(OperatorContext context, TrainingStep<T> step)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>, IMinMaxValue<T> =>
        ElementSources.Backward(this, context, step);
}
