using System.Collections.Immutable;
using OptimizerBuild.Graphs;

namespace OptimizerBuild.Lowering;

/// <summary>Graphs for tests of single parts.</summary>
internal static class TestGraphs
{
    /// <summary>A graph without any value.</summary>
    public static Graph Empty { get; } = new()
    {
        Name = "empty",
        Inputs = [],
        Outputs = [],
        Nodes = [],
        Constants = ImmutableSortedDictionary.Create<string, Tensor>(StringComparer.Ordinal),
        Types = ImmutableSortedDictionary.Create<string, TensorType>(StringComparer.Ordinal),
    };
}
