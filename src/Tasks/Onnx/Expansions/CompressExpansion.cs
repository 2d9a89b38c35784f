using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;

namespace OptimizerBuild.Onnx.Expansions;

/// <summary>
/// Compress: the slices along an axis, or the elements, for which a condition is true. Where the condition is not constant, the result
/// has as many slices as the condition, and a length says how many count.
/// </summary>
[RewrittenOperator("Compress")]
[Input(0, "input", Elements.All)]
[Input(1, "condition", Elements.Bool)]
[Output(0, "output")]
[Parameter("axis", ParameterKind.Int)]
internal sealed class CompressExpansion : Expansion
{
    /// <inheritdoc/>
    public override void Expand(ExpansionContext context)
    {
        TensorType type = context.Type(0), condition = context.Type(1);
        bool flat = !context.Node.Has("axis");
        int axis = flat ? 0 : context.Axis(context.Node.Int("axis", 0), type.Rank);
        int extent = flat ? type.Count : type.Dimensions[axis];
        if (condition.Rank != 1 || condition.Count > extent)
            throw context.Invalid($"its condition is {condition} for {extent} places");
        string input = flat ? context.Reshape(context[0], (long)extent) : context[0];
        if (condition.Count == 0)
        {
            context.Return(0, Gather(context, input, context.Ints(), axis));
            return;
        }
        (string selected, string length) = SelectedPlaces.Of(context, context[1]);
        context.Return(0, Gather(context, input, selected, axis), length, axis);
    }

    private static string Gather(ExpansionContext context, string input, string places, int axis) =>
        context.Add(ExpansionContext.New("Gather", input, places).With("axis", axis));
}
