using System.Collections.Immutable;
using OptimizerBuild.Graphs;
using OptimizerBuild.Operators.Gradients;

namespace OptimizerBuild.Operators.Lookup;

/// <summary>
/// Probabilities of several classes from those of each pair (internal operator; SVMClassifier is written with it). Input:
/// [rows, pairs], the probability of the first class of each pair, in the order (0, 1), (0, 2), …, (1, 2), …; output: [rows, classes]. The
/// method is that of T.-F. Wu, C.-J. Lin and R. C. Weng, "Probability Estimates for Multi-class Classification by Pairwise Coupling" (2004,
/// algorithm 2).
/// </summary>
[Operator(Type, Domain = Node.InternalDomain)]
[Input(0, "pairs", Elements.Float32)]
[Output(0, "probabilities")]
[Parameter("classes", ParameterKind.Int, Required = true, Minimum = 2)]
[NotDifferentiable("solves a system of equations for each row")]
internal sealed class PairwiseCouplingOperator : Operator
{
    /// <summary>The operator's name.</summary>
    public const string Type = "PairwiseCoupling";

    /// <summary>The number of classes.</summary>
    public static int Classes(Node node) => (int)node.Int("classes", 2);

    /// <inheritdoc/>
    public override ImmutableArray<TensorType> Infer(OperatorContext context)
    {
        TensorType pairs = context.Type(0);
        long classes = context.Node.Int("classes", 2);
        return pairs.Rank == 2 && pairs.Dimensions[1] == classes * (classes - 1) / 2
            ? [TensorType.Of(ElementType.Float32, pairs.Dimensions[0], (int)classes)]
            : throw context.Invalid($"its input is {pairs} for {classes} classes");
    }

    /// <inheritdoc/>
    public override long Work(OperatorContext context) =>
        100L * context.Type(0).Dimensions[0] * context.OutputTypes[0].Dimensions[1] * context.OutputTypes[0].Dimensions[1] * 4;

    /// <inheritdoc/>
    public override Tensor[] Evaluate(OperatorContext context, IReadOnlyList<Tensor?> inputs)
    {
        Tensor result = Tensor.Zeros(context.OutputTypes[0]);
        int classes = result.Dimensions[1], pairs = inputs[0]!.Dimensions[1];
        for (int row = 0; row < result.Dimensions[0]; row++)
            Couple(inputs[0]!.Values<float>().AsSpan(row * pairs, pairs), classes)
                .CopyTo(result.Values<float>().AsSpan(row * classes, classes));
        return [result];
    }

    // In the words of the paper: Q is the matrix of equation 19; the loop is algorithm 2 with libsvm's tolerance.
    private static float[] Couple(ReadOnlySpan<float> pairs, int classes)
    {
        var r = new float[classes, classes];
        int pair = 0;
        for (int i = 0; i < classes; i++)
            for (int j = i + 1; j < classes; j++, pair++)
                (r[i, j], r[j, i]) = (pairs[pair], 1 - pairs[pair]);
        var q = new float[classes, classes];
        for (int i = 0; i < classes; i++)
            for (int j = 0; j < classes; j++)
                if (i != j)
                {
                    q[i, i] += r[j, i] * r[j, i];
                    q[i, j] = -r[j, i] * r[i, j];
                }
        float[] p = [.. Enumerable.Repeat(1f / classes, classes)];
        for (int round = 0; round < 100; round++)
        {
            float[] qp = [.. Enumerable.Range(0, classes).Select(i => Sum(classes, j => q[i, j] * p[j]))];
            float pqp = Sum(classes, i => p[i] * qp[i]);
            if (qp.Max(v => MathF.Abs(v - pqp)) < 0.005f / classes)
                break;
            for (int i = 0; i < classes; i++)
            {
                float diff = (pqp - qp[i]) / q[i, i];
                p[i] += diff;
                pqp = (pqp + (diff * ((diff * q[i, i]) + (2 * qp[i])))) / ((1 + diff) * (1 + diff));
                for (int j = 0; j < classes; j++)
                {
                    qp[j] = (qp[j] + (diff * q[i, j])) / (1 + diff);
                    p[j] /= 1 + diff;
                }
            }
        }
        return p;
    }

    private static float Sum(int count, Func<int, float> term)
    {
        float sum = 0;
        for (int i = 0; i < count; i++)
            sum += term(i);
        return sum;
    }
}
