using System.Collections.Immutable;
using OptimizerBuild.Data;
using OptimizerBuild.Graphs;

namespace OptimizerBuild.Lowering;

/// <summary>How callers pass inputs, what the generated class is called, and whether memory counts.</summary>
internal sealed record BoundaryOptions
{
    /// <summary>The generated class's name, from which the names of its members are kept apart.</summary>
    public string ClassName { get; init; } = "Model";

    /// <summary>The names of the entries that the class has, the main one's first: their methods' names are taken.</summary>
    public ImmutableArray<string> Entries { get; init; } = [""];

    /// <summary>How callers' data becomes what float32 inputs expect: the same as for calibration and evaluation data.</summary>
    public InputAdaptation Adaptation { get; init; } = InputAdaptation.None;

    /// <summary>Inputs and outputs that are neither parameters nor properties, but a state that persists between predictions.</summary>
    public ImmutableArray<StateBinding> State { get; init; } = [];

    /// <summary>
    /// Whether the item limits the memory, so that layers keep to forms that take no more than the plan says on any processor.
    /// </summary>
    public bool SavesMemory { get; init; }

    /// <summary>The graph by which the layout of inputs is judged: the imported one, before passes moved transpositions; null for the
    /// lowered graph itself.</summary>
    public Graph? Interface { get; init; }
}
