using System.Collections.Immutable;
using OptimizerBuild.Diagnostics;
using OptimizerBuild.Graphs;

namespace OptimizerBuild.Operators;

/// <summary>
/// Runs a graph in the reference arithmetic of its operators: constant folding, calibration and the accuracy of the float model
/// rest on it. Prepared once, then usable from several threads at the same time. What operators derive from constants (weights in another
/// order) belongs to this object: another evaluator of the same graph derives it anew.
/// </summary>
internal sealed class GraphEvaluator
{
    /// <summary>The most that inputs and computed values of a model may take at a time where samples are evaluated: 4 GB.</summary>
    public const long GreatestLiveBytes = 4L << 30;

    private readonly Graph _graph;
    private readonly Step[] _steps;
    private readonly Dictionary<string, int> _slots;
    private readonly Tensor?[] _initial;

    /// <summary>Prepares a graph.</summary>
    public GraphEvaluator(Graph graph)
    {
        _graph = graph;
        _slots = new(StringComparer.Ordinal);
        foreach (string name in graph.Inputs.Concat(graph.Constants.Keys).Concat(graph.Nodes.SelectMany(n => n.Outputs)))
            if (name.Length > 0)
                _slots.TryAdd(name, _slots.Count);
        _initial = new Tensor?[_slots.Count];
        foreach ((string name, Tensor value) in graph.Constants)
            _initial[_slots[name]] = value;

        var lastReader = new int[_slots.Count];
        Array.Fill(lastReader, -1);
        for (int i = 0; i < graph.Nodes.Length; i++)
            foreach (string name in graph.Nodes[i].Inputs.Concat(graph.Nodes[i].Outputs))
                if (name.Length > 0)
                    lastReader[_slots[name]] = i;
        foreach (string name in graph.Outputs)
            lastReader[_slots[name]] = int.MaxValue;
        _steps = [.. graph.Nodes.Select((node, i) => new Step(
            OperatorRegistry.Of(node),
            OperatorContext.Of(graph, node),
            [.. node.Inputs.Select(Slot)],
            [.. node.Outputs.Select(Slot)],
            [.. node.Inputs.Concat(node.Outputs).Select(Slot).Where(s => s >= 0 && lastReader[s] == i).Distinct()]))];
        LiveBytes = MostAlive(graph);

        int Slot(string name) => name.Length == 0 ? -1 : _slots[name];
    }

    /// <summary>Evaluates the graph.</summary>
    /// <param name="inputs">One tensor for each graph input, in the graph's order, of exactly the input's type.</param>
    /// <param name="observer">Called with each input and each node output as it becomes known; constants are not reported.</param>
    /// <param name="cancellation">Stops the evaluation; checked between nodes.</param>
    /// <returns>The graph's outputs, in its order.</returns>
    /// <exception cref="ArgumentException">The inputs do not fit the graph.</exception>
    public Tensor[] Evaluate(
        IReadOnlyList<Tensor> inputs, Action<string, Tensor>? observer = null, CancellationToken cancellation = default)
    {
        if (inputs.Count != _graph.Inputs.Length)
            throw new ArgumentException($"the graph has {_graph.Inputs.Length} inputs, {inputs.Count} were given", nameof(inputs));
        using var scope = EvaluationScope.Begin(cancellation);
        var values = (Tensor?[])_initial.Clone();
        for (int i = 0; i < inputs.Count; i++)
        {
            string name = _graph.Inputs[i];
            if (inputs[i].Type != _graph.TypeOf(name))
                throw new ArgumentException($"input '{name}' is {_graph.TypeOf(name)}, not {inputs[i].Type}", nameof(inputs));
            values[_slots[name]] = inputs[i];
            observer?.Invoke(name, inputs[i]);
        }
        foreach (Step step in _steps)
        {
            cancellation.ThrowIfCancellationRequested();
            var arguments = new Tensor?[step.Inputs.Length];
            for (int i = 0; i < arguments.Length; i++)
                arguments[i] = step.Inputs[i] < 0 ? null : values[step.Inputs[i]];
            Tensor[] results = Run(step, arguments);
            for (int i = 0; i < step.Outputs.Length; i++)
            {
                if (step.Outputs[i] < 0)
                    continue;
                values[step.Outputs[i]] = results[i];
                observer?.Invoke(step.Context.Node.Outputs[i], results[i]);
            }
            foreach (int dead in step.Dead)
                values[dead] = null;
        }
        return [.. _graph.Outputs.Select(o => values[_slots[o]]!)];
    }

    /// <summary>Evaluates the graph on many samples, on all cores for whose samples there is memory; the results do not depend on their
    /// number.</summary>
    /// <param name="samples">The samples: for each the graph's inputs as for <see cref="Evaluate"/>.</param>
    /// <param name="observer">Called with the sample's index, a value's name and the value; from several threads at once, but for one
    /// sample only from one.</param>
    /// <param name="cancellation">Stops the evaluation.</param>
    /// <returns>For each sample the graph's outputs.</returns>
    public Tensor[][] EvaluateMany(
        IReadOnlyList<IReadOnlyList<Tensor>> samples,
        Action<int, string, Tensor>? observer = null,
        CancellationToken cancellation = default)
    {
        var results = new Tensor[samples.Count][];
        Parallel.For(0, samples.Count, EvaluationWorkers.Of(LiveBytes, cancellation), i =>
            results[i] = Evaluate(samples[i], observer is null ? null : (name, value) => observer(i, name, value), cancellation));
        return results;
    }

    private static Tensor[] Run(Step step, Tensor?[] arguments)
    {
        try
        {
            return step.Operator.Evaluate(step.Context, arguments);
        }
        catch (Exception e) when (InternalFault.PassesBy(e, "evaluation", $"'{step.Context.Node.Name}' ({step.Context.Node.OpType})"))
        {
            throw;
        }
    }

    /// <summary>
    /// Forgets what operators have derived from constants. To be called after the elements of a constant were changed in place, as
    /// training does, and not while an evaluation runs.
    /// </summary>
    public void Invalidate()
    {
        foreach (Step step in _steps)
            step.Context.DropPrepared();
    }

    /// <summary>The most that inputs and computed values take at a time during one evaluation, in bytes.</summary>
    public long LiveBytes { get; }

    /// <summary>Refuses a graph whose evaluation holds more than <see cref="GreatestLiveBytes"/> at a time.</summary>
    /// <exception cref="ModelException">It does.</exception>
    public void RequireMemory()
    {
        if (LiveBytes > GreatestLiveBytes)
            throw new ModelException(DiagnosticCatalog.ModelTooLarge, "what one evaluation of the model holds at a time",
                $"{LiveBytes} bytes", $"{GreatestLiveBytes} bytes");
    }

    // A node's results come into being while its inputs are there.
    private long MostAlive(Graph graph)
    {
        var bytes = new long[_slots.Count];
        foreach ((string name, TensorType type) in graph.Types)
            if (_slots.TryGetValue(name, out int slot) && type.Element != ElementType.String)
                bytes[slot] = (long)type.Count * type.Element.Size();
        long alive = graph.Inputs.Sum(i => bytes[_slots[i]]), most = alive;
        foreach (Step step in _steps)
        {
            alive += step.Outputs.Sum(o => o < 0 ? 0 : bytes[o]);
            most = Math.Max(most, alive);
            alive -= step.Dead.Sum(d => _initial[d] is null ? bytes[d] : 0);
        }
        return most;
    }

    /// <summary>The multiply-accumulates of one evaluation.</summary>
    public long MultiplyAccumulates => _steps.Sum(s => s.Operator.MultiplyAccumulates(s.Context));

    /// <summary>A node made ready: where its inputs are found, where its outputs go and which values nobody reads afterwards.</summary>
    private sealed record Step(Operator Operator, OperatorContext Context, ImmutableArray<int> Inputs, ImmutableArray<int> Outputs,
        ImmutableArray<int> Dead);
}
