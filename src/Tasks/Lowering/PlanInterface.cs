using OptimizerBuild.Diagnostics;
using OptimizerBuild.Graphs;
using OptimizerBuild.Plan;

namespace OptimizerBuild.Lowering;

/// <summary>
/// What callers see of a graph: names, types and shapes, without places in memory, which the design-time build does not know.
/// </summary>
/// <param name="Inputs">The inputs that are parameters.</param>
/// <param name="Outputs">The outputs that are properties and parameters.</param>
/// <param name="States">The inputs and outputs that are a state.</param>
internal sealed record PlanInterface(
    IReadOnlyList<PlanInput> Inputs, IReadOnlyList<PlanOutput> Outputs, IReadOnlyList<PlanState> States)
{
    /// <summary>The interface of a graph.</summary>
    /// <exception cref="ModelException">Elements of a type that callers cannot pass or receive.</exception>
    public static PlanInterface Of(Graph graph, BoundaryOptions options)
    {
        string[] inputs = [.. graph.Inputs.Where(i => options.State.All(s => s.Input != i))];
        string[] outputs = [.. graph.Outputs.Where(o => options.State.All(s => s.Output != o))];
        PredictorNames names = PredictorNames.Of(
            options.ClassName, inputs, outputs, options.State.Length > 0, options.Entries);
        IReadOnlyList<string> properties = PredictorNames.StateProperties([.. options.State.Select(s => s.Input)]);
        return new(
            [.. inputs.Select((input, i) =>
            {
                InputSignature signature = InputSignature.Of(graph, input, options);
                return new PlanInput(input, names.InputParameters[i], signature.Type, new(signature.Dimensions), null);
            })],
            [.. outputs.Select((output, i) => new PlanOutput(output, names.OutputProperties[i], names.OutputParameters[i],
                OutputType(graph, output), new(graph.TypeOf(output).Dimensions), 0))],
            [.. options.State.Select((state, i) => new PlanState(state.Input, state.Output, properties[i],
                OutputType(graph, state.Output), new(graph.TypeOf(state.Output).Dimensions), 0, null, null))]);
    }

    private static BoundaryType OutputType(Graph graph, string output) => InputSignature.OfElement(graph.TypeOf(output).Element)
        ?? throw new ModelException(DiagnosticCatalog.NoKernel, output, "output",
            $"elements of type {graph.TypeOf(output).Element} cannot be handed to a caller");
}
