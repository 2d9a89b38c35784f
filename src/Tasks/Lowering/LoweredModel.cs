using OptimizerBuild.Plan;

namespace OptimizerBuild.Lowering;

/// <summary>The outcome of lowering: the parts of a <see cref="ModelPlan"/> that follow from the graph, and the packed weights.</summary>
/// <param name="Inputs">The inputs with their bindings.</param>
/// <param name="Outputs">The outputs and where they lie.</param>
/// <param name="Steps">The kernel calls.</param>
/// <param name="Buffers">Where every buffer lies.</param>
/// <param name="ArenaBytes">The arena's size.</param>
/// <param name="Weights">The packed weights.</param>
internal sealed record LoweredModel(
    EquatableList<PlanInput> Inputs,
    EquatableList<PlanOutput> Outputs,
    EquatableList<PlanStep> Steps,
    EquatableList<PlanBuffer> Buffers,
    int ArenaBytes,
    byte[] Weights);
