using System.Collections.Immutable;
using System.Numerics;
using OptimizerBuild.Graphs;
using OptimizerBuild.Operators.Gradients;
using TensorPrimitives = System.Numerics.Tensors.TensorPrimitives;

namespace OptimizerBuild.Operators.Quantization;

/// <summary>
/// A real number rounded to the nearest of 256 levels, as a real number again (internal operator FakeQuantize): QuantizeLinear to u8 and
/// DequantizeLinear with the same scale and zero point. It is how a model that is quantised already says which scale a value has.
/// </summary>
/// <remarks>Levels of s8 are those of u8 less 128, which stand for the same real numbers: zero points are those of u8.</remarks>
[Operator("FakeQuantize", Domain = Node.InternalDomain)]
[Input(0, "X", Elements.Float32)]
[Output(0, "Y")]
internal sealed class FakeQuantizeOperator : Operator, IFunctionOfOneValue, IStraightThrough, ITrainingForward
{
    /// <summary>The highest level.</summary>
    public const int HighestLevel = 255;

    private const string ScaleAttribute = "scale";
    private const string ZeroPointAttribute = "zero_point";

    /// <inheritdoc/>
    public bool StaysApart => true;

    /// <inheritdoc/>
    public override ImmutableArray<TensorType> Infer(OperatorContext context) =>
        Scale(context.Node) > 0 && float.IsFinite(Scale(context.Node)) && ZeroPoint(context.Node) is >= 0 and <= HighestLevel
            ? [context.Type(0)]
            : throw context.Invalid($"its scale is {Scale(context.Node)} and its zero point {ZeroPoint(context.Node)}");

    /// <inheritdoc/>
    public override Tensor[] Evaluate(OperatorContext context, IReadOnlyList<Tensor?> inputs)
    {
        float scale = Scale(context.Node);
        int zeroPoint = ZeroPoint(context.Node);
        return inputs[0]!.Data switch
        {
            // In double precision for tables.
            double[] x => [new(inputs[0]!.Type, Array.ConvertAll(x, v => Compute(context, v)))],
            float[] x => [new(inputs[0]!.Type, Array.ConvertAll(x, v => (float)Step(v / scale, zeroPoint) * scale))],
            _ => throw context.Invalid($"its input is {inputs[0]!.Type}"),
        };
    }

    /// <inheritdoc/>
    public override IntegerForm IntegerForm(OperatorContext context) => Operators.IntegerForm.Table;

    /// <inheritdoc/>
    public double Compute(OperatorContext context, double x) =>
        Step(x / Scale(context.Node), ZeroPoint(context.Node)) * Scale(context.Node);

    /// <inheritdoc/>
    public double Derivative(OperatorContext context, double x) => 0;

    /// <summary>A node that rounds a value.</summary>
    /// <param name="name">The node's name.</param>
    /// <param name="input">The value.</param>
    /// <param name="output">The rounded value.</param>
    /// <param name="scale">The distance between two levels: positive and finite.</param>
    /// <param name="zeroPoint">The level of 0: 0…255.</param>
    public static Node Create(string name, string input, string output, float scale, int zeroPoint) =>
        NodeOperators.New<FakeQuantizeOperator>(name, [input], [output])
            .With(ScaleAttribute, new AttributeValue.Float(scale)).With(ZeroPointAttribute, zeroPoint);

    /// <summary>The distance between two levels.</summary>
    public static float Scale(Node node) => node.Float(ScaleAttribute, 1);

    /// <summary>The level of 0: 0…255.</summary>
    public static int ZeroPoint(Node node) => (int)node.Int(ZeroPointAttribute, 0);

    // Whole steps from the zero point; what is no number has the level of 0.
    private static double Step(double steps, int zeroPoint) => double.IsNaN(steps)
        ? 0
        : Math.Clamp(Math.Round(steps, MidpointRounding.ToEven), -zeroPoint, HighestLevel - zeroPoint);

    /// <inheritdoc/>
    public void Backward<T>(OperatorContext context, TrainingStep<T> step)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>, IMinMaxValue<T>
    {
        T scale = T.CreateTruncating(Scale(context.Node));
        int zeroPoint = ZeroPoint(context.Node);
        T lowest = T.CreateTruncating(-zeroPoint) * scale, highest = T.CreateTruncating(HighestLevel - zeroPoint) * scale;
        T[] x = step.Input(0), dy = step.OutputGradient;
        if (step.Gradient(0) is { } dx)
            for (int i = 0; i < x.Length; i++)
                dx[i] += x[i] >= lowest && x[i] <= highest ? dy[i] : T.Zero;
    }

    /// <inheritdoc/>
    public void Forward<T>(OperatorContext context, TrainingStep<T> step)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>, IMinMaxValue<T>
    {
        T scale = T.CreateTruncating(Scale(context.Node));
        int zeroPoint = ZeroPoint(context.Node);
        T[] y = step.Output(0);
        TensorPrimitives.Divide(step.Input(0), scale, y);
        TensorPrimitives.Round<T>(y, y);
        TensorPrimitives.Clamp(y, T.CreateTruncating(-zeroPoint), T.CreateTruncating(HighestLevel - zeroPoint), y);
        TensorPrimitives.Multiply(y, scale, y);
    }
}
