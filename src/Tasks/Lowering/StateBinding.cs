using OptimizerBuild.Graphs;

namespace OptimizerBuild.Lowering;

/// <summary>An input of the graph that takes in each prediction what an output gave in the last one.</summary>
/// <param name="Input">The input's name.</param>
/// <param name="Output">The output's name; it has the input's type.</param>
/// <param name="Initial">What the input takes in the first prediction, of the input's type; null for zeros.</param>
internal sealed record StateBinding(string Input, string Output, Tensor? Initial);
