using System.Collections.Immutable;

namespace OptimizerBuild.Operators.Control;

/// <summary>An operator that runs sub-graphs of the model, which passes rewrite like the graph around them.</summary>
internal interface IControlFlow
{
    /// <summary>The attributes that hold the sub-graphs.</summary>
    ImmutableArray<string> Bodies { get; }
}
