using System.Collections.Immutable;
using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;
using OptimizerBuild.Operators.Reduction;

namespace OptimizerBuild.Compression.Recovery;

/// <summary>A value in which a student is to agree with its teacher.</summary>
/// <param name="Student">Its name in the student's graph.</param>
/// <param name="Teacher">Its name in the teacher's.</param>
/// <param name="IsClasses">Whether rows along an axis are logits of classes.</param>
/// <param name="Weight">How much it counts.</param>
/// <param name="IsOutput">Whether it is an output or what one is made from, not an intermediate value.</param>
internal sealed record ValueMatch(string Student, string Teacher, bool IsClasses, double Weight, bool IsOutput)
{
    /// <summary>The axis of the classes, where there are classes.</summary>
    public int Axis { get; init; } = -1;

    // What all intermediate values count together, beside 1 for each output.
    private const double WeightOfHints = 0.1;
    private const int MostHints = 4;

    // Where much was lost, results in between say more about where than outputs do.
    private const double WeightOfHintsWhereFar = 1;
    private const int MostHintsWhereFar = 8;

    /// <summary>
    /// What a student is to agree in: all outputs of float32 numbers, logits in place of probabilities, what other outputs are
    /// made from, and some intermediate results of layers whose shape is that of the teacher (A. Romero et al. 2015, arXiv 1412.6550).
    /// </summary>
    /// <param name="student">The student's graph.</param>
    /// <param name="teacher">The teacher's, with the same outputs.</param>
    /// <param name="classes">The number of classes, where the model is a classifier; else 0.</param>
    /// <param name="isFar">Whether the student's outputs are far from the teacher's, so that results in between count more.</param>
    public static ImmutableArray<ValueMatch> Of(Graph student, Graph teacher, int classes, bool isFar = false)
    {
        GraphIndex own = GraphIndex.Of(student), others = GraphIndex.Of(teacher);
        var found = new List<ValueMatch>();
        foreach (string output in student.Outputs)
            foreach (ValueMatch match in OfOutput(output))
                if (!found.Any(f => f.Student == match.Student))
                    found.Add(match);
        ValueMatch[] hints = [.. student.Nodes.Where(n => n.Is<IDotProduct>())
            .Select(n => n.Outputs[0])
            .Where(v => student.TypeOf(v).Count > 0 && !found.Any(f => f.Student == v)
                && Known(teacher, v) is { } type && type == student.TypeOf(v))
            .Select(v => new ValueMatch(v, v, false, 1, false))];
        int count = Math.Min(hints.Length, isFar ? MostHintsWhereFar : MostHints);
        found.AddRange(Enumerable.Range(0, count).Select(i =>
            hints[((i * 2) + 1) * hints.Length / (2 * count)] with
            {
                Weight = (isFar ? WeightOfHintsWhereFar : WeightOfHints) / count,
            }));
        return [.. found];

        IEnumerable<ValueMatch> OfOutput(string value)
        {
            // Equal names of other types are other values.
            if (student.IsConstant(value) || Known(teacher, value) is not { } type || Known(student, value) != type
                || student.Inputs.Contains(value))
                yield break;
            Node? producer = own.Producer(value), other = others.Producer(value);
            if (type.Element != ElementType.Float32)
            {
                // Whole numbers follow from real ones, which both have under the same names where nothing in between was changed.
                foreach (string input in producer?.Inputs ?? [])
                    if (input.Length > 0)
                        foreach (ValueMatch match in OfOutput(input))
                            yield return match;
                yield break;
            }
            if (type.Count == 0)
                yield break;
            if (producer?.As<AxisFunction>() is not null && other?.As<AxisFunction>() is not null
                && AxisOf(producer) is { } axis && axis == AxisOf(other))
                yield return new(producer.Inputs[0], other.Inputs[0], true, 1, true) { Axis = axis };
            else
                yield return new(value, value, AxisOfScores(type) >= 0, 1, true) { Axis = AxisOfScores(type) };

            // The first axis counts samples, where there are several.
            int? AxisOf(Node function) => Shapes.Axis(AxisFunction.Axis(function), type.Rank) is var found && (found > 0 || type.Rank == 1)
                ? found : null;
        }

        // Scores lie along the last axis or, for each place of a map, along the second one.
        int AxisOfScores(TensorType type) => classes <= 1 || type.Rank == 0 ? -1
            : type.Dimensions[^1] == classes ? type.Rank - 1
            : type.Rank > 2 && type.Dimensions[1] == classes ? 1 : -1;
    }

    private static TensorType? Known(Graph graph, string value) => graph.Types.GetValueOrDefault(value);
}
