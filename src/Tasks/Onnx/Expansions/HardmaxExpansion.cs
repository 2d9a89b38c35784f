using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;

namespace OptimizerBuild.Onnx.Expansions;

/// <summary>
/// Hardmax: 1 at the first of the greatest values along an axis, 0 elsewhere. Before opset 13 a row is all from the axis on.
/// </summary>
[RewrittenOperator("Hardmax")]
[Input(0, "input", Elements.Floats)]
[Output(0, "output")]
[Parameter("axis", ParameterKind.Int)]
internal sealed class HardmaxExpansion : Expansion
{
    /// <inheritdoc/>
    public override void Expand(ExpansionContext context)
    {
        TensorType x = context.Type(0);
        if (context.Opset >= 13)
        {
            context.Return(0, Marks(context, context[0], context.Axis(context.Node.Int("axis", -1), x.Rank)));
            return;
        }
        int axis = context.Axis(context.Node.Int("axis", 1), x.Rank);
        string rows = context.Reshape(
            context[0], Shapes.Count(x.Dimensions.AsSpan()[..axis]), Shapes.Count(x.Dimensions.AsSpan()[axis..]));
        context.Return(0, context.Reshape(Marks(context, rows, 1), x.Dimensions.AsSpan()));
    }

    private static string Marks(ExpansionContext context, string value, int axis)
    {
        TensorType type = context.TypeOf(value);
        string place = context.Add(ExpansionContext.New("ArgMax", value).With("axis", axis).With("keepdims", 1));
        string places = context.Add(Tensor.Of(
            [.. Enumerable.Range(0, type.Dimensions[axis]).Select(i => (long)i)],
            [.. type.Dimensions.Select((d, i) => i == axis ? d : 1)]));
        return context.Cast(context.Add("Equal", place, places), type.Element);
    }
}
