using OptimizerBuild.Diagnostics;
using OptimizerBuild.Operators;

namespace OptimizerBuild.Onnx.Expansions;

/// <summary>
/// Writes an operator of the standard with others, so that nothing behind the importer knows of it: what ONNX itself defines as a
/// function, and what existing kernels compute as well as one of its own. One file for each operator, which says the operator's form by
/// schema statements and its name by <see cref="RewrittenOperatorAttribute"/>.
/// </summary>
internal abstract class Expansion
{
    /// <summary>Adds the nodes that do what the node does, and names their results.</summary>
    /// <exception cref="ModelException">The node is not valid, or of a form that is not supported.</exception>
    public abstract void Expand(ExpansionContext context);
}
