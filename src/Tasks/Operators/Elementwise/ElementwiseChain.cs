using OptimizerBuild.Graphs;
using OptimizerBuild.Operators.Movement;
using OptimizerBuild.Operators.Numerics;

namespace OptimizerBuild.Operators.Elementwise;

/// <summary>
/// A chain of elementwise operators with one input, evaluated for one number together with its derivative: forward differentiation by
/// the chain rule (R. E. Wengert, "A simple automatic derivative evaluation program", 1964).
/// </summary>
internal static class ElementwiseChain
{
    /// <summary>The chain's value and derivative.</summary>
    /// <param name="body">The chain: a graph of functions of one and of two values with one input, one output and constants of one
    /// element each.</param>
    /// <param name="x">The argument.</param>
    /// <exception cref="InvalidOperationException">An operator of the chain is no function of one or two values.</exception>
    public static (double Value, double Derivative) Evaluate(Graph body, double x)
    {
        var values = new Dictionary<string, (double Value, double Derivative)>(StringComparer.Ordinal) { [body.Inputs[0]] = (x, 1) };
        foreach ((string name, Tensor constant) in body.Constants)
            values[name] = (NumericCast.Convert(constant, ElementType.Float64)!.Values<double>()[0], 0);
        foreach (Node node in body.Nodes)
            values[node.Outputs[0]] = Bounded(node, Apply(body, node, values));
        return values[body.Outputs[0]];
    }

    private static (double Value, double Derivative) Apply(
        Graph body, Node node, Dictionary<string, (double Value, double Derivative)> values)
    {
        (double value, double derivative) = values[node.Inputs[0]];
        switch (OperatorRegistry.Of(node))
        {
            case IdentityOperator:
                return (value, derivative);
            case IFunctionOfOneValue function:
                OperatorContext context = OperatorContext.Of(body, node);
                return (function.Compute(context, value), Product(function.Derivative(context, value), derivative));
            case IFunctionOfTwoValues function:
                (double other, double otherDerivative) = values[node.Inputs[1]];
                (double a, double b) = function.Derivatives(node, value, other);
                return (function.Compute(node, value, other), Product(a, derivative) + Product(b, otherDerivative));
            case var op:
                throw new InvalidOperationException($"{op.GetType().Name} is no function of one or two values");
        }
    }

    // What does not move contributes nothing, even where the other factor is infinite.
    private static double Product(double outer, double inner) => inner == 0 ? 0 : outer * inner;

    private static (double Value, double Derivative) Bounded(Node node, (double Value, double Derivative) y)
    {
        (float minimum, float maximum) = node.ActivationBounds();
        return y.Value < minimum ? (minimum, 0) : y.Value > maximum ? (maximum, 0) : y;
    }
}
