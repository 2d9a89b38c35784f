using System.Collections.Immutable;

namespace OptimizerBuild.Operators;

/// <summary>
/// The method of the kernel library that computes an operator, with the arguments that come from the node's attributes. Where the
/// operands lie is added by the lowering.
/// </summary>
/// <param name="Kernel">The name of the kernel's class.</param>
/// <param name="Method">The name of its method.</param>
/// <param name="Arguments">The arguments behind the operands, by the names of the method's parameters and in their order.</param>
internal sealed record KernelCall(string Kernel, string Method, params ImmutableArray<(string Name, float Value)> Arguments);
