using System.Text;
using OptimizerBuild.Onnx.Schema;
using OptimizerBuild.Operators;

namespace OptimizerBuild.Onnx;

/// <summary>Compares the attributes of a node in a file with the schema of its operator.</summary>
internal static class AttributeCheck
{
    /// <summary>Faults of the attributes, as phrases: what is wrong, what is right, what to write.</summary>
    /// <param name="form">The operator's form in the node's opset.</param>
    /// <param name="opType">The operator's type.</param>
    /// <param name="opset">The node's opset.</param>
    /// <param name="attributes">The attributes, references to those of a function resolved.</param>
    public static IEnumerable<string> Faults(OperatorForm form, string opType, int opset, IReadOnlyCollection<AttributeProto> attributes)
    {
        foreach (AttributeProto attribute in attributes)
        {
            ParameterAttribute? parameter = form.Parameters.FirstOrDefault(p => p.Name == attribute.Name);
            if (parameter is not null)
            {
                if (Fault(parameter, attribute) is { } fault)
                    yield return $"its attribute '{attribute.Name}' {fault}";
            }
            // What begins like this is the exporter's own and changes nothing (ONNX, "Open Neural Network Exchange IR").
            else if (!attribute.Name.StartsWith("__", StringComparison.Ordinal))
            {
                yield return $"{opType} has no attribute '{attribute.Name}' in opset {opset} ("
                    + (form.Parameters.Length == 0 ? "it has none" : "it has " + string.Join(", ", form.Parameters.Select(p => p.Name)))
                    + "): leave it out";
            }
        }
        foreach (ParameterAttribute missing in form.Parameters.Where(p => p.Required && !attributes.Any(a => a.Name == p.Name)))
            yield return $"it has no {missing.Name}: {opType} needs this attribute in opset {opset} ({missing.Kind})";
    }

    private static string? Fault(ParameterAttribute parameter, AttributeProto attribute)
    {
        string kind = AttributeReader.KindOf(attribute).ToString();
        if (kind != parameter.Kind.ToString())
            return $"is of kind {kind} instead of {parameter.Kind}";
        switch (parameter.Kind)
        {
            case ParameterKind.Int when attribute.I < parameter.Minimum:
                return $"is {attribute.I}, but must be at least {parameter.Minimum}";
            case ParameterKind.Ints when parameter.Minimum > long.MinValue && attribute.Ints.Count == 0:
                return "is empty: give it one number for each dimension, or leave it out";
            case ParameterKind.Ints when attribute.Ints.Any(i => i < parameter.Minimum):
                return $"is [{string.Join(',', attribute.Ints)}], but its numbers must be at least {parameter.Minimum}";
            case ParameterKind.String when parameter.Choices is { } choices:
                string text = attribute.S.ToString(Encoding.UTF8);
                return choices.Contains(text)
                    ? null
                    : $"is '{text}' instead of {string.Join(" or ", choices.Where(c => c.Length > 0).Select(c => $"'{c}'"))}";
            default:
                return null;
        }
    }
}
