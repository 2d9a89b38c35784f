using OptimizerBuild.Onnx.Schema;

namespace OptimizerBuild.Onnx;

/// <summary>The names that are visible in one graph of a model: its own and, in a sub-graph, those of the graphs around it.</summary>
/// <param name="outer">The graph around it; null at the top and in functions, which see only their inputs.</param>
/// <param name="opsets">Opset version by domain.</param>
internal sealed class ImportScope(ImportScope? outer, IReadOnlyDictionary<string, long> opsets)
{
    private readonly Dictionary<string, string> _values = new(StringComparer.Ordinal);

    /// <summary>Opset version by domain.</summary>
    public IReadOnlyDictionary<string, long> Opsets { get; } = opsets;

    /// <summary>Whether values keep their names: those of the model's own graph do, as they are its interface.</summary>
    public bool KeepsNames { get; init; }

    /// <summary>Attributes of the function call being inlined, by name; empty outside functions.</summary>
    public IReadOnlyDictionary<string, AttributeProto> Attributes { get; init; } = new Dictionary<string, AttributeProto>();

    /// <summary>In a body that is imported as a graph of its own: gives a value from around it a name in the body; else null.</summary>
    public Func<string, string>? Capture { get; init; }

    /// <summary>The name in the imported graph, or body, of a value; null where it is not defined.</summary>
    public string? Find(string name)
    {
        if (_values.TryGetValue(name, out string? value))
            return value;
        string? around = outer?.Find(name);
        return Capture is null || string.IsNullOrEmpty(around) ? around : Capture(around);
    }

    /// <summary>Defines a value.</summary>
    /// <param name="name">Its name in this scope.</param>
    /// <param name="value">Its name in the imported graph.</param>
    /// <returns>Whether the name was free in this scope.</returns>
    public bool TryDefine(string name, string value) => _values.TryAdd(name, value);
}
