using System.Collections.Immutable;
using System.Numerics;
using OptimizerBuild.Graphs;
using OptimizerBuild.Operators.Numerics;
using TensorPrimitives = System.Numerics.Tensors.TensorPrimitives;

namespace OptimizerBuild.Operators.Gradients;

/// <summary>
/// A graph made ready to be run forward, keeping all values, and backward, which gives the gradients of what was asked for (reverse mode:
/// A. Griewank and A. Walther, "Evaluating Derivatives", 2nd ed. 2008, chapter 3). All buffers are made at the beginning and used in
/// every step. For one thread at a time.
/// </summary>
/// <typeparam name="T">float; double where gradients are checked: then the graph's float32 values are of double precision.</typeparam>
internal sealed class GradientTape<T> : IHoldsBuffers
    where T : unmanaged, IBinaryFloatingPointIeee754<T>, IMinMaxValue<T>
{
    private readonly Graph _graph;
    private readonly ImmutableArray<Entry> _entries;
    private readonly Dictionary<string, Tensor> _values = new(StringComparer.Ordinal);
    private readonly Dictionary<string, T[]> _gradients = new(StringComparer.Ordinal);
    private readonly ImmutableArray<string> _wanted;
    private readonly HashSet<string> _carriers;
    private readonly HashSet<string> _touched = new(StringComparer.Ordinal);
    private readonly HashSet<string> _foreign = new(StringComparer.Ordinal);
    private long _bytes;

    /// <summary>Prepares a graph.</summary>
    /// <param name="graph">The graph; its constants are not copied where they are of type <typeparamref name="T"/>, so that whoever
    /// changes their elements in place changes what the next step computes.</param>
    /// <param name="wanted">Inputs, constants or other values whose gradients are asked for.</param>
    /// <param name="seeded">Values, beside the graph's outputs, for which <see cref="Backward"/> may be given gradients.</param>
    public GradientTape(Graph graph, IReadOnlyCollection<string> wanted, IReadOnlyCollection<string>? seeded = null)
    {
        _graph = graph;
        _wanted = [.. wanted.Distinct()];
        foreach ((string name, Tensor constant) in graph.Constants)
            _values[name] = constant.Element == ElementType.Float32 ? NumericCast.Convert(constant, ElementTypes.Of<T>())! : constant;
        _carriers = Carriers(graph, wanted);
        var entries = ImmutableArray.CreateBuilder<Entry>(graph.Nodes.Length);
        foreach (Node node in graph.Nodes)
        {
            OperatorContext context = new(node, [.. node.Inputs.Select(i => i.Length == 0 ? null : TypeOf(i))],
                [.. node.Inputs.Select(i => i.Length > 0 && graph.IsConstant(i) ? _values[i] : null)]);
            var step = new TrainingStep<T>(node.Inputs.Length, node.Outputs.Length);
            Operator op = OperatorRegistry.Of(node);
            if (op is ITrainingForward)
                for (int i = 0; i < node.Outputs.Length; i++)
                    if (node.Outputs[i].Length > 0)
                        _values[node.Outputs[i]] = step.Outputs[i] = Tensor.Zeros(TypeOf(node.Outputs[i]));
            bool passes = op is IDifferentiable && node.Inputs.Any(_carriers.Contains) && node.Outputs.Any(_carriers.Contains);
            entries.Add(new(op, context, step, passes));
        }
        _entries = entries.MoveToImmutable();
        Plan([.. graph.Outputs, .. seeded ?? []]);
    }

    /// <summary>Nodes that read something whose gradient is asked for and hand no gradient on, in order, with the reason.</summary>
    public IEnumerable<(Node Node, string Reason)> Stops => _entries
        .Where(e => e.Operator is not IDifferentiable && e.Context.Node.Inputs.Any(_carriers.Contains))
        .Select(e => (e.Context.Node, Differentiability.Obstacle(e.Operator) ?? "has no gradient"));

    /// <summary>
    /// The bytes of all values and gradients that the tape holds, the graph's constants apart, and of what nodes keep: after a step forward
    /// and backward all of it.
    /// </summary>
    public long Bytes => _bytes + _entries.Sum(e => e.Step.KeptBytes);

    /// <summary>Whether the gradient of a value can be asked for or given.</summary>
    /// <param name="value">The value's name.</param>
    public bool Carries(string value) => _carriers.Contains(value);

    /// <summary>Computes all values.</summary>
    /// <param name="inputs">The graph's inputs, in its order; float32 ones of type <typeparamref name="T"/>.</param>
    public void Forward(IReadOnlyList<Tensor> inputs)
    {
        for (int i = 0; i < inputs.Count; i++)
            _values[_graph.Inputs[i]] = inputs[i];
        foreach (Entry entry in _entries)
        {
            Node node = entry.Context.Node;
            TrainingStep<T> step = entry.Step;
            for (int i = 0; i < step.Inputs.Length; i++)
                step.Inputs[i] = node.Inputs[i].Length == 0 ? null : _values[node.Inputs[i]];
            if (entry.Operator is ITrainingForward forward)
                forward.Forward(entry.Context, step);
            else
                Evaluate(entry);
            if (node.HasActivation())
                Bound(node, step.Output(0));
        }
    }

    /// <summary>A value of the last step forward.</summary>
    /// <param name="name">Its name.</param>
    public Tensor Value(string name) => _values[name];

    /// <summary>Computes the gradients of what was asked for when the tape was made, after a step forward.</summary>
    /// <param name="seeds">Gradients of values of the graph: derivatives of what is to be reduced with respect to them. Values that carry
    /// no gradient are left out.</param>
    /// <exception cref="KeyNotFoundException">A value was not named when the tape was made.</exception>
    public void Backward(IReadOnlyDictionary<string, T[]> seeds)
    {
        _touched.Clear();
        _touched.UnionWith(_foreign);
        foreach (string name in _wanted)
            Buffer(name);
        foreach ((string name, T[] seed) in seeds)
            if (_carriers.Contains(name))
                GradientSums.Add(seed, Buffer(name));
        for (int n = _entries.Length - 1; n >= 0; n--)
        {
            Entry entry = _entries[n];
            if (!entry.Passes)
                continue;
            Node node = entry.Context.Node;
            bool any = false;
            for (int i = 0; i < node.Outputs.Length; i++)
            {
                entry.Step.OutputGradients[i] = _touched.Contains(node.Outputs[i]) ? _gradients[node.Outputs[i]] : null;
                any |= entry.Step.OutputGradients[i] is not null;
            }
            if (!any)
                continue;
            for (int i = 0; i < node.Inputs.Length; i++)
                entry.Step.InputGradients[i] = _carriers.Contains(node.Inputs[i]) ? Buffer(node.Inputs[i]) : null;
            if (node.HasActivation() && entry.Step.OutputGradients[0] is { } gradient)
                Mask(node, entry.Step.Output(0), gradient);
            ((IDifferentiable)entry.Operator).Backward(entry.Context, entry.Step);
        }
    }

    /// <summary>Has a gradient added to an array of the caller's from now on, which nobody sets to zero.</summary>
    /// <param name="name">A value that was asked for when the tape was made.</param>
    /// <param name="into">As many elements as the value.</param>
    public void Accumulate(string name, T[] into)
    {
        _gradients[name] = into;
        _foreign.Add(name);
    }

    /// <summary>A gradient of the last step backward; overwritten by the next one.</summary>
    /// <param name="name">A value that was asked for when the tape was made.</param>
    public T[] Gradient(string name) => _gradients[name];

    // The gradient of a value, of zeros where this step has not used it yet.
    private T[] Buffer(string name)
    {
        T[] buffer = _gradients[name];
        if (_touched.Add(name))
            Array.Clear(buffer);
        return buffer;
    }

    private TensorType TypeOf(string name) => _values.TryGetValue(name, out Tensor? known)
        ? known.Type
        : _graph.TypeOf(name) is { Element: ElementType.Float32 } type ? type.As(ElementTypes.Of<T>()) : _graph.TypeOf(name);

    private void Evaluate(Entry entry)
    {
        Node node = entry.Context.Node;
        Tensor[] results = entry.Operator.Evaluate(entry.Context, entry.Step.Inputs);
        for (int i = 0; i < node.Outputs.Length; i++)
            if (node.Outputs[i].Length > 0)
                _values[node.Outputs[i]] = entry.Step.Outputs[i] = results[i];
    }

    private static void Bound(Node node, T[] y)
    {
        (float minimum, float maximum) = node.ActivationBounds();
        TensorPrimitives.Clamp(y, T.CreateTruncating(minimum), T.CreateTruncating(maximum), y);
    }

    // What an activation holds at one of its bounds does not move with what it is computed from.
    private static void Mask(Node node, T[] y, T[] gradient)
    {
        (float lower, float upper) = node.ActivationBounds();
        (T minimum, T maximum) = (T.CreateTruncating(lower), T.CreateTruncating(upper));
        GradientSums.KeepBetween(y, minimum, maximum, gradient);
    }

    private static HashSet<string> Carriers(Graph graph, IReadOnlyCollection<string> wanted)
    {
        var carriers = new HashSet<string>(wanted, StringComparer.Ordinal);
        foreach (Node node in graph.Nodes)
            if (OperatorRegistry.Of(node) is IDifferentiable && node.Inputs.Any(carriers.Contains))
                foreach (string output in node.Outputs)
                    if (output.Length > 0 && graph.TypeOf(output).Element == ElementType.Float32)
                        carriers.Add(output);
        return carriers;
    }

    // A gradient lives from the last reader of its value to the node that makes it; then its memory serves another one of its size.
    private void Plan(IEnumerable<string> seeded)
    {
        var free = new Dictionary<int, Stack<T[]>>();
        string[] lasting = [.. _wanted.Concat(seeded.Where(_carriers.Contains)).Distinct()];
        foreach (string name in lasting)
            Take(name);
        for (int n = _entries.Length - 1; n >= 0; n--)
        {
            Node node = _entries[n].Context.Node;
            foreach (string name in node.Outputs.Concat(node.Inputs).Where(_carriers.Contains))
                Take(name);
            foreach (string output in node.Outputs.Where(_carriers.Contains).Except(lasting))
            {
                if (!free.TryGetValue(_gradients[output].Length, out Stack<T[]>? same))
                    free.Add(_gradients[output].Length, same = new());
                same.Push(_gradients[output]);
            }
        }
        _bytes += _entries.SelectMany(e => e.Context.OutputTypes).Sum(t => t.Element == ElementType.String ? 0L
            : (long)t.Count * t.Element.Size());

        void Take(string name)
        {
            if (_gradients.ContainsKey(name))
                return;
            int count = TypeOf(name).Count;
            if (free.TryGetValue(count, out Stack<T[]>? same) && same.Count > 0)
            {
                _gradients[name] = same.Pop();
                return;
            }
            _gradients[name] = new T[count];
            _bytes += (long)count * ElementTypes.Of<T>().Size();
        }
    }

    /// <summary>A node made ready.</summary>
    /// <param name="Operator">Its operator.</param>
    /// <param name="Context">The node with its types.</param>
    /// <param name="Step">Its values and gradients.</param>
    /// <param name="Passes">Whether gradients go through it.</param>
    private sealed record Entry(Operator Operator, OperatorContext Context, TrainingStep<T> Step, bool Passes);
}
