using System.Collections.Immutable;
using OptimizerBuild.Compression.Quantization.Arithmetic;
using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;
using OptimizerBuild.Operators.Reduction;

namespace OptimizerBuild.Compression.Quantization;

/// <summary>Gives every value that integer nodes read or make, and every constant they rescale, its quantisation.</summary>
internal sealed class ValuePlanner(QuantizableGraph graph, IRanges ranges)
{
    /// <summary>Plans all values.</summary>
    /// <param name="nodes">Which nodes run in integers.</param>
    /// <param name="rows">The rounded weights of a dot product, whose sums have the scale of the input times that of the weights.</param>
    public ImmutableSortedDictionary<string, ActivationQuantization> Plan(
        IntegerNodes nodes, Func<QuantizableNode, ActivationQuantization, IReadOnlyList<double>> rows)
    {
        var plan = new SortedDictionary<string, ActivationQuantization>(StringComparer.Ordinal);
        ImmutableSortedDictionary<string, ImmutableArray<string>> groups = Groups(nodes);
        foreach (string input in graph.Graph.Inputs)
            PlanGroup(input);
        foreach (QuantizableNode node in graph.Nodes)
        {
            foreach (string output in node.Node.Outputs)
                PlanGroup(output);
            if (!nodes.Contains(node))
                continue;
            foreach (string constant in node.Constants)
                plan[constant] = ranges.OfConstant(graph.Graph.Constant(constant)!);
        }
        return plan.ToImmutableSortedDictionary(StringComparer.Ordinal);

        // Values come in an order of execution: the first of a group is its root, from which the others are made.
        void PlanGroup(string root)
        {
            if (plan.ContainsKey(root) || !groups.TryGetValue(root, out ImmutableArray<string> members))
                return;
            ActivationQuantization quantization = OfRoot(root, members);
            foreach (string member in members)
                plan[member] = quantization;
        }

        ActivationQuantization OfRoot(string root, ImmutableArray<string> members)
        {
            QuantizableNode? producer = graph.Producer(root) is { } p && nodes.Contains(p) ? p : null;
            bool wide = producer is not null && IsWide(producer, members, nodes, plan);
            if (wide && producer!.Form == IntegerForm.Product)
            {
                double scale = plan[producer.Node.Inputs[0]].Scale * plan[producer.Node.Inputs[1]].Scale;
                return new(ActivationType.S32, ActivationRange.RepresentableScale(scale), 0);
            }
            if (wide && producer!.Form == IntegerForm.DotProduct)
            {
                ActivationQuantization input = plan[producer.Node.Inputs[0]];
                double scale = rows(producer, input).Max() * input.Scale;
                return new(ActivationType.S32, ActivationRange.RepresentableScale(scale), 0);
            }
            if (wide && producer!.IsResampling)
            {
                ActivationQuantization input = plan[producer.Node.Inputs[0]];
                return new(ActivationType.S32,
                    input.Type == ActivationType.S32 ? input.Scale : input.Scale / ResampledLevels.Finer, 0);
            }
            if (wide)
            {
                double scale = producer!.Node.Is<LogSoftmaxOperator>() ? FixedPointPower.LogarithmScale : FixedPointPower.ProbabilityScale;
                return new(ActivationType.S32, ActivationRange.RepresentableScale(scale), 0);
            }

            // Probabilities as bytes have a fixed scale, see docs/arithmetic.md.
            if (producer is { Form: IntegerForm.FixedPoint } && producer.Node.Is<SoftmaxOperator>())
                return new(ActivationType.U8, 1.0 / 256, 0);
            return ranges.Choose(members, nodes);
        }
    }

    /// <summary>The values that share a value's quantisation.</summary>
    public IReadOnlyList<string> Group(string value, IntegerNodes nodes) => Groups(nodes)[value];

    /// <summary>The form a node takes under a plan: a sigmoid of 32-bit sums is a function in fixed point, else a table.</summary>
    public static QuantizableNode Settled(QuantizableNode node, IReadOnlyDictionary<string, ActivationQuantization> plan) =>
        !node.IsSigmoid ? node
            : node.As(plan[node.Node.Outputs[0]].Type == ActivationType.S32 ? IntegerForm.FixedPoint : IntegerForm.Table);

    // Groups by every one of their members.
    private ImmutableSortedDictionary<string, ImmutableArray<string>> Groups(IntegerNodes nodes)
    {
        var groups = new ValueGroups();
        foreach (QuantizableNode node in graph.Nodes.Where(nodes.Contains))
        {
            foreach (string value in node.Inputs.Concat(node.Outputs))
                groups.Find(value);
            if (node.Form == IntegerForm.SameScale)
                foreach (string output in node.Outputs)
                    groups.Join(node.Inputs[0], output);
        }
        return groups.All().Values
            .SelectMany(members => members.Select(m => (m, members)))
            .ToImmutableSortedDictionary(x => x.m, x => x.members, StringComparer.Ordinal);
    }

    // Whether a dot product, a softmax, a sigmoid or a resampling hands its result on with 32 bits: only shape changes, functions in fixed
    // point (of a resampling: others), float nodes and the caller may read it then.
    private bool IsWide(
        QuantizableNode producer, ImmutableArray<string> members, IntegerNodes nodes, SortedDictionary<string, ActivationQuantization> plan)
    {
        bool able = producer.Form switch
        {
            IntegerForm.DotProduct or IntegerForm.Product => producer.HasSums,
            IntegerForm.FixedPoint => true,
            IntegerForm.Rescale => producer.IsResampling,
            _ => producer.IsSigmoid && plan[producer.Node.Inputs[0]].Type == ActivationType.S32,
        };
        return able && !ranges.AreBytes(members) && members.All(m => nodes.IntegerReaders(m).All(r =>
            r.Form == IntegerForm.SameScale ? r.IsReshape
            : producer.IsResampling ? r.IsResampling
            : producer.HasSums && (r.IsSigmoid ? nodes.IsLast(r) : r.Form == IntegerForm.FixedPoint)));
    }

    /// <summary>The quantisation of a constant that integer nodes rescale: the range of its finite values.</summary>
    public static ActivationQuantization OfConstant(Tensor constant)
    {
        float[] values = [.. constant.Values<float>().Where(float.IsFinite)];
        return values.Length == 0 ? new ActivationRange(0, 0).ToQuantization()
            : ActivationRange.Of(values.Min(), values.Max()).ToQuantization();
    }
}
