using System.Collections.Immutable;
using OptimizerBuild.Lowering.Trees;
using OptimizerBuild.Lowering.Weights;
using OptimizerBuild.Plan;

namespace OptimizerBuild.Lowering;

/// <summary>The outcome of lowering: the parts of a <see cref="ModelPlan"/> that follow from the graph, and the packed weights.</summary>
/// <param name="Inputs">The inputs with their bindings.</param>
/// <param name="Outputs">The outputs and where they lie.</param>
/// <param name="States">The values that persist between predictions, with their bindings.</param>
/// <param name="Steps">The kernel calls and blocks.</param>
/// <param name="Buffers">Where every buffer lies.</param>
/// <param name="Values">Where the values of the model lie, by their names.</param>
/// <param name="ArenaBytes">The arena's size.</param>
/// <param name="Weights">The packed weights.</param>
/// <param name="PairSumsBounded">
/// For each integer dot product, by its node's name, whether its packed weights prove that sums of two neighbouring products fit into 16
/// bits.
/// </param>
/// <param name="Sections">Where each layer's weights lie and in which form, in the order in which they were packed.</param>
/// <param name="EstimatedNanoseconds">The time of one prediction as <see cref="CostModel"/> estimates it.</param>
internal sealed record LoweredModel(
    EquatableList<PlanInput> Inputs,
    EquatableList<PlanOutput> Outputs,
    EquatableList<PlanState> States,
    EquatableList<PlanStep> Steps,
    EquatableList<PlanBuffer> Buffers,
    EquatableList<PlanValue> Values,
    int ArenaBytes,
    byte[] Weights,
    ImmutableSortedDictionary<string, bool> PairSumsBounded,
    ImmutableArray<WeightSection> Sections,
    double EstimatedNanoseconds)
{
    /// <summary>The strings that the model holds, in the order of their codes; none where it has to do with no strings.</summary>
    public EquatableList<string> Strings { get; init; } = EquatableList<string>.Empty;

    /// <summary>The tree ensembles, in the order in which they were packed.</summary>
    public ImmutableArray<PackedTrees> Trees { get; init; } = [];

    /// <summary>Whether other strings are kept for the time of a prediction.</summary>
    public bool KeepsStrings { get; init; }

    /// <summary>The kernel calls of the steps, those in blocks among them.</summary>
    public IEnumerable<PlanCall> Calls => PlanSteps.CallsOf(Steps);
}
