using System.Globalization;
using OptimizerBuild.Graphs;
using OptimizerBuild.Lowering.Float32;
using OptimizerBuild.Operators;
using OptimizerBuild.Operators.Control;

namespace OptimizerBuild.Lowering.Control;

/// <summary>
/// A loop. Carried values lie where the node's outputs do: the initial ones are copied there before the loop, and at the end of each trip
/// the new ones. Collected values are stored slice by slice.
/// </summary>
[Lowers(LoweringForm.Native, typeof(LoopOperator))]
internal sealed class LoopLowering : NodeLowering
{
    /// <inheritdoc/>
    public override void Lower(LoweringContext context, Node node)
    {
        var shape = OperatorContext.Of(context.Graph, node);
        Graph body = node.SubGraph(LoopOperator.Body)!;
        int carried = (int)node.Int(LoopOperator.Carried, 0);
        long? bound = LoopOperator.Bound(shape);
        Storage? count = bound is null && node.HasInput(0)
            ? context.InArena(node, context.Dense(node, context.Read(node, node.Inputs[0])))
            : null;
        Storage[] arguments = [.. node.Inputs.Skip(2).Select(i => context.Read(node, i))];
        Storage? condition = LoopOperator.HasCondition(shape) ? Condition(context, node) : null;

        Storage[] values = [.. Enumerable.Range(0, carried).Select(i => Output(context, node, i, shape.OutputTypes[i]))];
        for (int i = 0; i < carried; i++)
            context.Copy(node.Name, arguments[i], values[i], "initial value " + shape.OutputTypes[i]);
        Storage[] collected =
            [.. Enumerable.Range(carried, body.Outputs.Length - 1 - carried).Select(i => Output(context, node, i, shape.OutputTypes[i]))];
        bool asksForNumber = collected.Length > 0 || body.Outputs.Contains(body.Inputs[0])
            || body.Nodes.Any(n => n.Inputs.Contains(body.Inputs[0]));
        Storage? iteration = asksForNumber ? Scalar(context, "number of the trip of " + node.Name, ElementType.Int64) : null;

        context.Add(BlockBoundary.Loop(node.Name, Describe(bound, count, condition), bound, count, condition, iteration));
        using (context.EnterBody(body, [iteration, .. values, .. arguments.Skip(carried)]))
        {
            NodeSequence.Lower(context, body.Nodes);
            for (int i = 0; i < collected.Length; i++)
                Collect(context, node, context.Read(node, body.Outputs[1 + carried + i]), collected[i], iteration!);
            if (condition is not null)
                context.Copy(node.Name, Single(context.Read(node, body.Outputs[0])), condition, "condition");
            Carry(context, node, [.. body.Outputs.Skip(1).Take(carried).Select(o => context.Read(node, o))], values);
        }
        context.Add(BlockBoundary.EndLoop(condition));
    }

    private static string Describe(long? bound, Storage? count, Storage? condition) => bound is { } trips
        ? string.Create(CultureInfo.InvariantCulture, $"Loop{(condition is null ? " " : ", at most ")}{trips} times")
        : count is not null ? condition is null ? "Loop, counted" : "Loop, counted, while a condition holds"
        : "Loop, while a condition holds";

    // The condition before the first trip.
    private static Storage Condition(LoweringContext context, Node node)
    {
        Storage condition = Scalar(context, "condition of " + node.Name, ElementType.Bool);
        if (node.HasInput(1))
            context.Copy(node.Name, Single(context.Read(node, node.Inputs[1])), condition, "condition");
        else
            context.Fill(node, condition, 1, "condition");
        return condition;
    }

    private static Storage Output(LoweringContext context, Node node, int index, TensorType type) =>
        index < node.Outputs.Length && node.Outputs[index].Length > 0
            ? context.Create(node.Outputs[index])
            : context.NewStorage("value of " + node.Name, type.Element, type.Dimensions, null, Border.None);

    private static Storage Scalar(LoweringContext context, string name, ElementType element) =>
        context.NewStorage(name, element, [], null, Border.None);

    // One element of any rank as a scalar.
    private static Storage Single(Storage storage) => storage with { Dimensions = [], Strides = [] };

    private static void Collect(LoweringContext context, Node node, Storage slice, Storage collected, Storage iteration)
    {
        if (slice.Count == 0)
            return;
        slice = context.InArena(node, context.Dense(node, slice));
        context.Step("SliceStore", "Run", node, "slice " + TensorType.Of(slice.Element, slice.Dimensions.AsSpan()))
            .Read("source", slice)
            .Write("destination", collected)
            .Read("index", iteration)
            .Int("bytes", (long)slice.Count * slice.ElementSize);
    }

    // A new value may be an old one of another place: those are put aside before any is written over.
    private static void Carry(LoweringContext context, Node node, Storage[] next, Storage[] values)
    {
        HashSet<ArenaBuffer> places = [.. values.Select(v => v.Buffer!)];
        for (int i = 0; i < next.Length; i++)
        {
            if (next[i].Buffer is not { } buffer || !places.Contains(buffer) || ReferenceEquals(next[i], values[i]))
                continue;
            Storage aside = context.NewStorage("next value of " + node.Name, next[i].Element, next[i].Dimensions, null, Border.None);
            context.Copy(node.Name, next[i], aside, "value put aside");
            next[i] = aside;
        }
        for (int i = 0; i < next.Length; i++)
            if (!ReferenceEquals(next[i], values[i]))
                context.Copy(node.Name, next[i], values[i], "value for the next trip");
    }
}
