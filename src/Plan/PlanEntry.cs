namespace OptimizerBuild.Plan;

/// <summary>
/// A way into the predictor: one set of shapes of the inputs, with what runs for it. The entries of a plan have the same inputs and outputs
/// but for the dimensions, share weights and scratch memory, and differ in everything that follows from the shapes.
/// </summary>
internal sealed record PlanEntry
{
    /// <summary>
    /// The name behind <c>Predict</c> in the methods of the generated class; empty for <c>Predict</c> itself, which chooses among the
    /// entries without a name by the lengths of the inputs.
    /// </summary>
    public required string Name { get; init; }

    /// <summary>Multiply-accumulates of one prediction.</summary>
    public required long Macs { get; init; }

    /// <summary>The inputs, in order.</summary>
    public required EquatableList<PlanInput> Inputs { get; init; }

    /// <summary>The outputs, in order.</summary>
    public required EquatableList<PlanOutput> Outputs { get; init; }

    /// <summary>Values that one prediction leaves to the next: the same ones in every entry, in other places.</summary>
    public EquatableList<PlanState> States { get; init; } = EquatableList<PlanState>.Empty;

    /// <summary>Size of the scratch memory that the entry needs, in bytes.</summary>
    public required int ArenaBytes { get; init; }

    /// <summary>Where each value lives.</summary>
    public required EquatableList<PlanBuffer> Buffers { get; init; }

    /// <summary>Where the values of the model lie, by their names.</summary>
    public EquatableList<PlanValue> Values { get; init; } = EquatableList<PlanValue>.Empty;

    /// <summary>What runs after the inputs' bindings, in order; empty in a design-time plan.</summary>
    public required EquatableList<PlanStep> Steps { get; init; }

    /// <summary>Whether one prediction may run on several threads, if its user asks for them.</summary>
    public bool UsesThreads { get; init; }

    /// <summary>Whether the first predictions of a process run in small code that is compiled at once.</summary>
    public bool HasStartUp { get; init; }

    /// <summary>
    /// The kernel calls: those of the bindings, then those of the steps in the order of the text, those in blocks among them.
    /// </summary>
    public IEnumerable<PlanCall> Calls => Inputs.Select(i => i.Binding).Concat(States.Select(s => s.Binding)).OfType<PlanCall>()
        .Concat(PlanSteps.CallsOf(Steps));

    /// <summary>
    /// Whether another entry cannot be told from this one by the lengths of the inputs, which is all that a call shows of them.
    /// </summary>
    public bool LooksLike(PlanEntry other) => Inputs.Zip(other.Inputs, (a, b) => a.Length == b.Length).All(same => same);
}
