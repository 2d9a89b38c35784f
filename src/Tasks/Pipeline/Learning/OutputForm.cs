using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;
using OptimizerBuild.Operators.Numerics;
using OptimizerBuild.Operators.Reduction;

namespace OptimizerBuild.Pipeline.Learning;

/// <summary>What the numbers of an output are.</summary>
internal enum OutputForm
{
    /// <summary>Any numbers.</summary>
    Scores,

    /// <summary>Rows of numbers from 0 to 1 that add up to 1.</summary>
    Probabilities,

    /// <summary>Rows of logarithms of such numbers.</summary>
    LogProbabilities,
}

/// <summary>The rows of an output: the numbers along one of its axes.</summary>
/// <param name="Axis">The axis.</param>
/// <param name="Length">How many numbers a row has.</param>
/// <param name="Inner">How far apart they are in memory.</param>
internal sealed record OutputRows(int Axis, int Length, int Inner)
{
    /// <summary>The rows of a Softmax or LogSoftmax that gives an output; null where there is none, or its rows are one number.</summary>
    /// <param name="graph">The model.</param>
    /// <param name="output">The output.</param>
    public static OutputRows? OfFunction(Graph graph, string output)
    {
        TensorType type = graph.TypeOf(output);
        return GraphIndex.Of(graph).Producer(output) is { } node && node.As<AxisFunction>() is not null
            && Along(type, Shapes.Axis(AxisFunction.Axis(node), type.Rank)) is { Length: > 1 } rows ? rows : null;
    }

    /// <summary>The rows along the last axis that has more than one place; null where there is none.</summary>
    /// <param name="type">The output's type.</param>
    public static OutputRows? Last(TensorType type) =>
        Enumerable.Range(0, type.Rank).LastOrDefault(a => type.Dimensions[a] > 1, -1) is >= 0 and var axis ? Along(type, axis) : null;

    /// <summary>The axis of a shape, of as many numbers, along which rows lie; null where there is none.</summary>
    /// <param name="rows">The rows.</param>
    /// <param name="type">The shape.</param>
    public static OutputRows? InShape(OutputRows rows, TensorType type) =>
        Enumerable.Range(0, type.Rank).Select(a => Along(type, a)).FirstOrDefault(rows.IsAt);

    /// <summary>Whether another output, of as many numbers, has its rows at the same places.</summary>
    public bool IsAt(OutputRows other) => (Length, Inner) == (other.Length, other.Inner);

    private static OutputRows Along(TensorType type, int axis) =>
        new(axis, type.Dimensions[axis], Shapes.Count(type.Dimensions.AsSpan()[(axis + 1)..]));
}

/// <summary>Tells what the numbers of outputs are from what a model gives: trees and networks say it in too many ways.</summary>
internal static class OutputForms
{
    private const double Tolerance = 1e-3;

    /// <summary>The forms of outputs.</summary>
    /// <param name="graph">The model.</param>
    /// <param name="outputs">Names of float32 outputs, each with its rows; null where it has none.</param>
    /// <param name="samples">Samples of its inputs, at least one.</param>
    public static OutputForm[] Of(
        Graph graph, IEnumerable<(string Name, OutputRows? Rows)> outputs, IReadOnlyList<IReadOnlyList<Tensor>> samples)
    {
        Tensor[][] answers = new GraphEvaluator(graph).EvaluateMany([.. samples]);
        return [.. outputs.Select(output =>
        {
            int place = graph.Outputs.IndexOf(output.Name);
            return output.Rows is not { } rows ? OutputForm.Scores
                : answers.All(a => AreRows(a[place].Values<float>(), rows, x => x)) ? OutputForm.Probabilities
                : answers.All(a => AreRows(a[place].Values<float>(), rows, ElementaryFunctions.Exp)) ? OutputForm.LogProbabilities
                : OutputForm.Scores;
        })];
    }

    private static bool AreRows(float[] values, OutputRows rows, Func<double, double> probability)
    {
        for (int start = 0; start < values.Length; start += rows.Length * rows.Inner)
            for (int at = start; at < start + rows.Inner; at++)
            {
                double sum = 0;
                for (int i = 0; i < rows.Length; i++)
                {
                    double p = probability(values[at + (i * rows.Inner)]);
                    if (!(p >= 0 && p <= 1 + Tolerance))
                        return false;
                    sum += p;
                }
                if (Math.Abs(sum - 1) > Tolerance)
                    return false;
            }
        return true;
    }
}
