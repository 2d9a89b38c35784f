using OptimizerBuild.Graphs;

namespace OptimizerBuild.Operators;

/// <summary>Compares nodes with the schemas of their operators. Faults are phrases: what is wrong, what is right, what to write.</summary>
internal static class SchemaCheck
{
    /// <summary>Faults in the numbers of a node's inputs and outputs, and required inputs that are left out.</summary>
    /// <param name="form">The operator's form.</param>
    /// <param name="opType">The operator's type.</param>
    /// <param name="inputs">Names of the inputs; empty ones are left out.</param>
    /// <param name="outputs">Names of the outputs.</param>
    public static IEnumerable<string> Places(
        OperatorForm form, string opType, IReadOnlyList<string> inputs, IReadOnlyList<string> outputs)
    {
        string[] inputNames = [.. form.Inputs.Select(i => i.Name)], outputNames = [.. form.Outputs.Select(o => o.Name)];
        if (Count("input", opType, "takes", inputs, inputNames, form.MinimumInputs, form.MaximumInputs) is { } wrongInputs)
            yield return wrongInputs;
        else
            for (int i = 0; i < inputs.Count; i++)
                if (inputs[i].Length == 0 && !form.Input(i)!.Optional && form.Input(i)!.Minimum > 0)
                    yield return $"its input {i} ({form.Input(i)!.Name}) is left out (\"\"), but {opType} needs it";
        if (Count("output", opType, "gives", outputs, outputNames, form.MinimumOutputs, form.MaximumOutputs) is { } wrongOutputs)
            yield return wrongOutputs;
    }

    /// <summary>Faults in the element types of a node's inputs, which is in its newest form.</summary>
    public static IEnumerable<string> Types(OperatorForm form, OperatorContext context)
    {
        var variables = new Dictionary<string, (InputAttribute Input, TensorType Type)>(StringComparer.Ordinal);
        for (int i = 0; i < context.InputTypes.Length; i++)
        {
            if (context.InputTypes[i] is not { } type || form.Input(i) is not { } input)
                continue;
            if (!input.Types.Contains(type.Element))
                yield return $"its input {i} ({input.Name}) is {type}, but must be of {input.Types.InWords()}: put a Cast before it";
            else if (input.Variable is { } variable && !variables.TryAdd(variable, (input, type))
                && variables[variable].Type.Element != type.Element)
                yield return $"its input {i} ({input.Name}) is {type}, but must be of the type of {variables[variable].Input.Name}, "
                    + $"which is {variables[variable].Type}: put a Cast before one of them";
        }
    }

    private static string? Count(
        string what, string opType, string verb, IReadOnlyList<string> given, string[] names, int minimum, int maximum)
    {
        if (given.Count >= minimum && given.Count <= maximum)
            return null;
        string expected = maximum == minimum ? $"{minimum}" : maximum == int.MaxValue ? $"at least {minimum}" : $"{minimum} to {maximum}";
        string remedy = given.Count > maximum
            ? "leave out " + string.Join(", ", given.Skip(maximum).Select(n => $"'{n}'"))
            : "give it " + string.Join(", ",
                Enumerable.Range(given.Count, minimum - given.Count).Select(i => names[Math.Min(i, names.Length - 1)]).Distinct());
        return $"it has {given.Count} {what}{(given.Count == 1 ? "" : "s")}, but {opType} {verb} {expected}"
            + (names.Length > 0 ? $" ({string.Join(", ", names)})" : "") + $": {remedy}";
    }
}
