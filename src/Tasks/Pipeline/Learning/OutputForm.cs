using System.Collections.Immutable;
using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;
using OptimizerBuild.Operators.Numerics;

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

/// <summary>Tells what the numbers of outputs are from what a model gives: trees and networks say it in too many ways.</summary>
internal static class OutputForms
{
    private const double Tolerance = 1e-3;

    /// <summary>The forms of outputs.</summary>
    /// <param name="graph">The model.</param>
    /// <param name="outputs">Names of float32 outputs.</param>
    /// <param name="samples">Samples of its inputs, at least one.</param>
    public static OutputForm[] Of(Graph graph, ImmutableArray<string> outputs, IReadOnlyList<IReadOnlyList<Tensor>> samples)
    {
        Tensor[][] answers = new GraphEvaluator(graph).EvaluateMany([.. samples]);
        return [.. outputs.Select(output =>
        {
            int place = graph.Outputs.IndexOf(output);
            TensorType type = graph.TypeOf(output);
            int row = type.Rank == 0 ? 1 : type.Dimensions[^1];
            return row < 2 ? OutputForm.Scores
                : answers.All(a => AreRows(a[place].Values<float>(), row, x => x)) ? OutputForm.Probabilities
                : answers.All(a => AreRows(a[place].Values<float>(), row, ElementaryFunctions.Exp)) ? OutputForm.LogProbabilities
                : OutputForm.Scores;
        })];
    }

    private static bool AreRows(float[] values, int row, Func<double, double> probability)
    {
        for (int at = 0; at < values.Length; at += row)
        {
            double sum = 0;
            for (int i = at; i < at + row; i++)
            {
                double p = probability(values[i]);
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
