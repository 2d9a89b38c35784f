using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;

namespace OptimizerBuild.Onnx.Expansions;

/// <summary>
/// Unique: the different elements, or slices along an axis, in ascending order or in that of their first occurrence; with the places of
/// their first occurrences, for each element the number of its value, and how often each occurs. There are as many places as elements, and
/// a length says how many count.
/// </summary>
[RewrittenOperator("Unique")]
[Input(0, "X", Elements.Numbers)]
[Output(0, "Y")]
[Output(1, "indices", Optional = true)]
[Output(2, "inverse_indices", Optional = true)]
[Output(3, "counts", Optional = true)]
[Parameter("axis", ParameterKind.Int)]
[Parameter("sorted", ParameterKind.Int)]
internal sealed class UniqueExpansion : Expansion
{
    /// <inheritdoc/>
    public override void Expand(ExpansionContext context)
    {
        TensorType type = context.Type(0);
        bool flat = !context.Node.Has("axis");
        int axis = flat ? 0 : context.Axis(context.Node.Int("axis", 0), type.Rank);
        int count = flat ? type.Count : type.Dimensions[axis];
        if (count == 0 || type.Count == 0)
            throw context.Unsupported("Unique of a tensor with elements");
        string input = flat ? context.Reshape(context[0], (long)count) : context[0];
        string keys = flat || type.Rank == 1 ? input : RanksOfSlices(context, type, axis);

        // Equal keys stand together, the first of them at the lowest place.
        string[] sorted = context.Add(new Node("", "TopK", [keys, context.Ints(count)], []).With("largest", 0).With("axis", 0), 2);
        string starts = Starts(context, sorted[0], count);
        (string groups, string length) = SelectedPlaces.Ranks(context, starts);
        string first = SelectedPlaces.Scatter(context, SelectedPlaces.Targets(context, starts, groups, count), sorted[1], count);
        string ones = context.Ints([.. Enumerable.Repeat(1L, count)]);
        string counts = SelectedPlaces.Scatter(context, groups, ones, count, "add");
        string inverse = SelectedPlaces.Scatter(context, sorted[1], groups, count);
        if (context.Node.Int("sorted", 1) == 0)
        {
            string increasing = SelectedPlaces.Increasing(context, count);
            string occurs = context.Add("Where", context.Add("Less", increasing, length), first, context.Scalar(ElementType.Int64, count));
            string order = context.Add(new Node("", "TopK", [occurs, context.Ints(count)], []).With("largest", 0).With("axis", 0), 2)[1];
            inverse = context.Add("Gather", SelectedPlaces.Scatter(context, order, increasing, count), inverse);
            (first, counts) = (context.Add("Gather", first, order), context.Add("Gather", counts, order));
        }
        context.Return(0, context.Add(ExpansionContext.New("Gather", input, first).With("axis", axis)), length, axis);
        context.Return(1, first, length, 0);
        context.Return(2, inverse);
        context.Return(3, counts, length, 0);
    }

    // True where a sorted list has another value than before.
    private static string Starts(ExpansionContext context, string sorted, int count)
    {
        string first = context.Add(Tensor.Of([true], 1));
        if (count == 1)
            return first;
        string same = context.Add("Equal", context.Slice(sorted, 0, 1, count), context.Slice(sorted, 0, 0, count - 1));
        return context.Add(ExpansionContext.New("Concat", first, context.Add("Not", same)).With("axis", 0));
    }

    // For each slice the number of those that are less than it, compared element by element from the first on.
    private static string RanksOfSlices(ExpansionContext context, TensorType type, int axis)
    {
        int count = type.Dimensions[axis], width = type.Count / count;
        context.Elements(count, count, width);
        string rows = context.Reshape(context.Transpose(context[0],
            [axis, .. Enumerable.Range(0, type.Rank).Where(d => d != axis).Select(d => (long)d)]), count, width);
        string own = context.Reshape(rows, count, 1, width), other = context.Reshape(rows, 1, count, width);
        string less = context.Cast(context.Add("Less", other, own), ElementType.Int64);
        string differs = context.Cast(context.Add("Not", context.Add("Equal", other, own)), ElementType.Int64);
        string upTo = context.Add("CumSum", differs, context.Scalar(ElementType.Int64, 2));
        string atFirst = context.Add("Mul", differs,
            context.Cast(context.Add("Equal", upTo, context.Scalar(ElementType.Int64, 1)), ElementType.Int64));
        return context.Reduce("ReduceSum", context.Add("Mul", less, atFirst), [1L, 2L], keep: false);
    }
}
