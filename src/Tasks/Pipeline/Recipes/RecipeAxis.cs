using System.Collections.Immutable;
using OptimizerBuild.Options;

namespace OptimizerBuild.Pipeline.Recipes;

/// <summary>
/// Metadata of one technique, from mild to strong. A search takes the strongest with which the model is still accurate enough, and finds it
/// by bisection: a technique that costs too much costs more when it is stronger.
/// </summary>
/// <param name="Steps">The metadata of each step, as an item would say them.</param>
internal sealed record RecipeAxis(ImmutableArray<ImmutableArray<(string Name, string Value)>> Steps)
{
    /// <summary>An axis along one metadata.</summary>
    /// <param name="name">The metadata.</param>
    /// <param name="values">Its values, from mild to strong.</param>
    /// <param name="with">What goes with each.</param>
    public static RecipeAxis Of(string name, string[] values, params ImmutableArray<(string Name, string Value)> with) =>
        new([.. values.Select(v => with.Insert(0, (name, v)))]);

    /// <summary>Whether an item says nothing yet of what the axis is about.</summary>
    public bool IsFree(ModelOptions options) => Steps.All(s => s.All(m => m.Name switch
    {
        nameof(ModelOptions.Sparsity) => options.Sparsity is null && options.SparsityPattern != SparsityPattern.TwoOfFour,
        nameof(ModelOptions.SparsityPattern) =>
            options.SparsityPattern == SparsityPattern.Unstructured || options.SparsityPattern.ToString() == m.Value,
        nameof(ModelOptions.Clusters) => options.Clusters is null,
        nameof(ModelOptions.Fold) => options.Fold is null,
        nameof(ModelOptions.Rank) => options.Rank is null,
        _ => true,
    }));
}
