using System.Collections.Immutable;
using OptimizerBuild.Diagnostics;
using OptimizerBuild.Graphs;
using OptimizerBuild.Lowering;
using OptimizerBuild.Onnx;
using OptimizerBuild.Options;
using OptimizerBuild.Plan;

namespace OptimizerBuild.Pipeline;

/// <summary>The state that an item's metadata declare, checked against the model.</summary>
internal static class StateOfModel
{
    /// <summary>The pairs of inputs and outputs, in the order of the model's inputs.</summary>
    /// <exception cref="ModelException">The model has no such input or output, or their types differ.</exception>
    public static ImmutableArray<StateBinding> Of(ModelOptions options, ImportedModel imported)
    {
        Graph graph = imported.Graph;
        foreach ((string input, string output) in options.State)
        {
            if (!graph.Inputs.Contains(input, StringComparer.Ordinal))
                throw Wrong(options, $"the model has no input '{input}'; its inputs are: {string.Join(", ", graph.Inputs)}");
            if (!graph.Outputs.Contains(output, StringComparer.Ordinal))
                throw Wrong(options, $"the model has no output '{output}'; its outputs are: {string.Join(", ", graph.Outputs)}");
            if (graph.TypeOf(input) != graph.TypeOf(output))
                throw Wrong(options, $"the input '{input}' is {graph.TypeOf(input)}, but the output '{output}' is {graph.TypeOf(output)}");
            if (graph.TypeOf(input).Element == ElementType.String)
                throw Wrong(options, $"the input '{input}' is text, which cannot be a state");
            if (imported.InitialValues.TryGetValue(input, out Tensor? initial) && initial.Type != graph.TypeOf(input))
                throw Wrong(options, $"the input '{input}' is {graph.TypeOf(input)}, but its initial value is {initial.Type}");
        }
        if (options.State.Count > 0 && options.ClassName is PredictorNames.StateClass or PredictorNames.StateProperty)
            throw Wrong(options, $"the class cannot have the name '{options.ClassName}', which a member has: set ClassName");
        return
        [
            .. graph.Inputs.Where(options.State.ContainsKey)
                .Select(i => new StateBinding(i, options.State[i], imported.InitialValues.GetValueOrDefault(i))),
        ];
    }

    private static ModelException Wrong(ModelOptions options, string reason) => new(
        DiagnosticCatalog.MetadataNotUnderstood, options.Name, "State", string.Join(';', options.State.Select(s => $"{s.Key}={s.Value}")),
            reason);
}
