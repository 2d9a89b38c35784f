using System.Collections.Immutable;
using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;

namespace OptimizerBuild.Onnx;

/// <summary>
/// A body of control flow while it is imported: values of its own, and what it reads from around it. Constants from around become
/// constants of the body; other values become inputs of it, which the node has to hand over.
/// </summary>
/// <param name="around">The values of the graph around it.</param>
/// <param name="captures">
/// Values from around that are handed over, by their names there, in order; grows. The branches of one node share the list.
/// </param>
internal sealed class BodyImport(ShapeInference around, List<string> captures)
{
    private readonly Dictionary<string, string> _captured = new(StringComparer.Ordinal);
    private readonly List<string> _inputs = [];

    /// <summary>The values of the body.</summary>
    public ShapeInference Values { get; } = new();

    /// <summary>Adds an input that the node hands over by itself.</summary>
    /// <returns>Its name in the body.</returns>
    public string AddInput(string name, TensorType type)
    {
        string unique = Values.UniqueValue(name);
        Values.AddInput(unique, type);
        _inputs.Add(unique);
        return unique;
    }

    /// <summary>The body's name for a value from around.</summary>
    public string Capture(string value)
    {
        if (_captured.TryGetValue(value, out string? known))
            return known;
        string name = Values.UniqueValue(value);
        if (around.Structure(value) is { } structure)
        {
            Values.AddStructure(name, structure.With(Capture));
        }
        else if (around.Constant(value) is { } constant)
        {
            Values.AddConstant(name, constant);
        }
        else
        {
            Values.AddInput(name, around.TypeOf(value));
            if (!captures.Contains(value))
                captures.Add(value);
        }
        return _captured[value] = name;
    }

    /// <summary>The body with its own inputs and, behind them, everything that is handed over from around.</summary>
    public Graph ToGraph(string name, ImmutableArray<string> outputs)
    {
        string[] handed = [.. captures.Select(Capture)];
        return Values.ToGraph(name, [.. _inputs, .. handed], outputs);
    }
}
