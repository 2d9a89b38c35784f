using System.Reflection;

namespace OptimizerBuild.Operators.Gradients;

/// <summary>Whether operators have gradients.</summary>
internal static class Differentiability
{
    /// <summary>Why an operator has no gradient, as the continuation of "it …"; null where it has one or says nothing.</summary>
    /// <param name="op">The operator.</param>
    public static string? Obstacle(Operator op) =>
        op is IDifferentiable ? null : op.GetType().GetCustomAttribute<NotDifferentiableAttribute>(inherit: true)?.Reason;
}
