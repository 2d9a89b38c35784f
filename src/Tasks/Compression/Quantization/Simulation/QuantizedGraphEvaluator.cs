using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;
using OptimizerBuild.Operators.Numerics;
using OptimizerBuild.Operators.Quantization;

namespace OptimizerBuild.Compression.Quantization.Simulation;

/// <summary>
/// Runs a quantised graph as the generated code will: integer nodes in exact integer arithmetic, float nodes in the reference
/// arithmetic of their operators, a quantise or dequantise step wherever the two meet. It tells the accuracy of a quantisation
/// before anything is lowered, and is the oracle that a lowered plan is compared with. Usable from several threads at once.
/// </summary>
internal sealed class QuantizedGraphEvaluator
{
    // A value may be there as float32 and as 32-bit integers, and what makes it sums up in 64 bits.
    private const int OverheadOfIntegers = 3;

    private readonly Graph _graph;
    private readonly GraphQuantization _quantization;
    private readonly Step[] _steps;
    private readonly long _liveBytes;

    /// <summary>Prepares a quantised graph.</summary>
    public QuantizedGraphEvaluator(Graph graph, GraphQuantization quantization)
    {
        _graph = graph;
        _quantization = quantization;
        var lastReader = new Dictionary<string, int>(StringComparer.Ordinal);
        for (int i = 0; i < graph.Nodes.Length; i++)
            foreach (string name in graph.Nodes[i].Inputs.Concat(graph.Nodes[i].Outputs))
                lastReader[name] = i;
        _liveBytes = OverheadOfIntegers * new GraphEvaluator(graph).LiveBytes;
        _steps = [.. graph.Nodes.Select((node, index) =>
        {
            string[] dead = [.. node.Inputs.Concat(node.Outputs).Distinct(StringComparer.Ordinal)
                .Where(n => n.Length > 0 && lastReader[n] == index && !graph.IsConstant(n))];
            OperatorContext context = OperatorContext.Of(graph, node);
            if (!quantization.Nodes[node.Name].Integer)
                return new Step(context, inputs => OperatorRegistry.Of(node).Evaluate(context, inputs), null, dead);
            QuantizableNode source = QuantizableNode.Of(graph, node);
            if (source.Form == IntegerForm.Recurrent)
                return new Step(context, new RoundedStateWeights(source, quantization.Weights[node.Name]).Evaluate, null, dead);
            if (source.IsSigmoid && quantization.Values[node.Outputs[0]].Type == ActivationType.S32)
                source = source.As(IntegerForm.FixedPoint);
            return source.Form == IntegerForm.Levels ? new Step(context, null, null, dead) : new Step(context, null,
                IntegerNode.Create(graph, source, quantization.Values, quantization.Weights.GetValueOrDefault(node.Name)), dead);
        })];
    }

    /// <summary>Evaluates one sample.</summary>
    /// <param name="inputs">One tensor for each graph input.</param>
    /// <param name="observer">Sees every integer value by its name as it arises.</param>
    /// <param name="cancellation">Stops between nodes.</param>
    /// <returns>The graph's outputs, as float where they are quantised.</returns>
    public Tensor[] Evaluate(IReadOnlyList<Tensor> inputs, Action<string, QuantizedTensor>? observer = null,
        CancellationToken cancellation = default) =>
        Evaluate(inputs, _graph.Outputs, observer, cancellation);

    /// <summary>Evaluates one sample and returns the float values of the given names instead of the graph's outputs.</summary>
    public Tensor[] Evaluate(
        IReadOnlyList<Tensor> inputs, IReadOnlyList<string> wanted, Action<string, QuantizedTensor>? observer,
            CancellationToken cancellation)
    {
        using var scope = EvaluationScope.Begin(cancellation);
        var floats = new Dictionary<string, Tensor>(StringComparer.Ordinal);
        var integers = new Dictionary<string, QuantizedTensor>(StringComparer.Ordinal);
        for (int i = 0; i < _graph.Inputs.Length; i++)
            floats[_graph.Inputs[i]] = inputs[i];
        var kept = new HashSet<string>(wanted, StringComparer.Ordinal);
        foreach (Step step in _steps)
        {
            cancellation.ThrowIfCancellationRequested();
            Run(step);
            foreach (string dead in step.Dead)
                if (!kept.Contains(dead))
                {
                    floats.Remove(dead);
                    integers.Remove(dead);
                }
        }
        return [.. wanted.Select(Real)];

        void Run(Step step)
        {
            Node node = step.Context.Node;
            if (step is { Integer: null, Float: null })
            {
                HandOver(step.Context);
                return;
            }
            if (step.Integer is null)
            {
                Tensor[] results = step.Float!(
                    [.. node.Inputs.Select((n, i) => n.Length == 0 ? null : step.Context.InputConstants[i] ?? Real(n))]);
                for (int i = 0; i < node.Outputs.Length; i++)
                    if (node.Outputs[i].Length > 0)
                        floats[node.Outputs[i]] = results[i];
                return;
            }
            QuantizedTensor[] outputs = step.Integer.Evaluate([.. node.Inputs.Select((n, i) =>
                n.Length == 0 || step.Context.InputConstants[i] is not null || !_quantization.Values.ContainsKey(n) ? null : Integers(n))]);
            for (int i = 0; i < node.Outputs.Length; i++)
                if (node.Outputs[i].Length > 0)
                {
                    integers[node.Outputs[i]] = outputs[i];
                    observer?.Invoke(node.Outputs[i], outputs[i]);
                }
        }

        // Bytes outside and levels inside, or the converse.
        void HandOver(OperatorContext context)
        {
            (string input, string output) = (context.Node.Inputs[0], context.Node.Outputs[0]);
            if (context.OutputTypes[0].Element == ElementType.Float32)
            {
                ActivationQuantization quantization = _quantization.Values[output];
                int shift = ByteLevels.Shift(context.Type(0).Element);
                integers[output] = new([.. floats[input].ToInt64().Select(q => (int)q + shift)], [.. context.Type(0).Dimensions],
                    quantization);
                observer?.Invoke(output, integers[output]);
                return;
            }
            TensorType type = context.OutputTypes[0];
            long[] levels = [.. Integers(input).Values.Select(q => (long)q - ByteLevels.Shift(type.Element))];
            floats[output] = NumericCast.Convert(new Tensor(type.As(ElementType.Int64), levels), type.Element)!;
        }

        Tensor Real(string name) =>
            _graph.Constant(name) ?? (floats.TryGetValue(name, out Tensor? value) ? value : floats[name] = integers[name].ToFloat());

        QuantizedTensor Integers(string name)
        {
            if (!integers.TryGetValue(name, out QuantizedTensor? value))
            {
                integers[name] = value = QuantizedTensor.Of(floats[name], _quantization.Values[name]);
                observer?.Invoke(name, value);
            }
            return value;
        }
    }

    /// <summary>Options of a parallel loop over samples, for no more at a time than there is memory for.</summary>
    /// <param name="cancellation">Stops the loop.</param>
    public ParallelOptions Workers(CancellationToken cancellation) => EvaluationWorkers.Of(_liveBytes, cancellation);

    /// <summary>Evaluates many samples on all cores for whose samples there is memory.</summary>
    public Tensor[][] EvaluateMany(IReadOnlyList<IReadOnlyList<Tensor>> samples, CancellationToken cancellation = default)
    {
        var results = new Tensor[samples.Count][];
        Parallel.For(0, samples.Count, Workers(cancellation), i =>
            results[i] = Evaluate(samples[i], cancellation: cancellation));
        return results;
    }

    private sealed record Step(
        OperatorContext Context, Func<IReadOnlyList<Tensor?>, Tensor[]>? Float, IntegerNode? Integer, string[] Dead);
}
