using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;
using OptimizerBuild.Operators.Elementwise;
using OptimizerBuild.Operators.Numerics;

namespace OptimizerBuild.Lowering.Float32;

/// <summary>
/// Float32 powers with a constant exponent that are products, square roots and reciprocals: ten times as fast as the power of any two and
/// more. Squares, roots and reciprocals have the bits of the power; a product of three factors, and a quotient of a root, are rounded
/// twice. At the ends of the numbers they differ from the power: the root of −∞ is NaN and not ∞, that of −0 is −0 and not 0, and x to the
/// −2 is 0 where x² is beyond all numbers.
/// </summary>
internal static class ConstantPowers
{
    private const double Inverse = -1;

    /// <summary>The exponent where the node is such a power.</summary>
    /// <param name="operation">The node.</param>
    /// <param name="exponent">Its second operand; null where that is not constant.</param>
    public static double? Of(Node operation, Tensor? exponent)
    {
        if (!operation.Is<PowOperator>() || FusedBounds.Of(operation) != FusedBounds.None || exponent is not { Count: > 0 })
            return null;
        double[] values = NumericCast.Convert(exponent, ElementType.Float64)?.Values<double>() ?? [];
        return values is [2 or 3 or 4 or 0.5 or 1.5 or -0.5 or -1 or -2, ..] && values.All(v => v == values[0]) ? values[0] : null;
    }

    /// <summary>Emits the steps of a power.</summary>
    /// <param name="context">Where the steps go.</param>
    /// <param name="node">The node they belong to.</param>
    /// <param name="x">The base, float32 and of the output's shape.</param>
    /// <param name="exponent">The exponent, as <see cref="Of"/> gives it.</param>
    /// <param name="output">The output.</param>
    public static void Emit(LoweringContext context, Node node, Storage x, double exponent, Storage output)
    {
        x = context.Dense(node, x);
        switch (exponent)
        {
            case 2:
                Product(x, x, output);
                break;
            case 3:
                Product(Square(), x, output);
                break;
            case 4:
                Storage square = Square();
                Product(square, square, output);
                break;
            case 0.5:
                Function(nameof(Kernels.Float32Unary.Sqrt), x, output);
                break;
            case 1.5:
                Product(Root(), x, output);
                break;
            case Inverse:
                Function(nameof(Kernels.Float32Unary.Reciprocal), x, output);
                break;
            default:
                Function(nameof(Kernels.Float32Unary.Reciprocal), exponent == 2 * Inverse ? Square() : Root(), output);
                break;
        }

        Storage Square()
        {
            Storage square = Scratch();
            Product(x, x, square);
            return square;
        }

        Storage Root()
        {
            Storage root = Scratch();
            Function(nameof(Kernels.Float32Unary.Sqrt), x, root);
            return root;
        }

        Storage Scratch() => context.CreateScratch(node, ElementType.Float32, output.Dimensions.AsSpan());

        void Product(Storage a, Storage b, Storage to) => context.Binary(node, "Mul", a, b, to, FusedBounds.None);

        void Function(string method, Storage from, Storage to) =>
            context.Step(nameof(Kernels.Float32Unary), method, node, $"{method} {NativeSteps.Text(from)}")
                .Operand("input", from)
                .Write("output", to)
                .Int("count", to.Count)
                .MayReuse(to, from);
    }
}
