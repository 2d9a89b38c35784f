using OptimizerBuild.Graphs;

namespace OptimizerBuild.Operators;

/// <summary>
/// The trait of an operator whose outputs are sums of products of activations (input 0) with weights (input 1), plus a bias (input 2,
/// optional).
/// </summary>
internal interface IDotProduct;

/// <summary>The trait of a convolution; its weights are O,I/groups and the kernel's extents.</summary>
internal interface IConvolution : IDotProduct, IWindow
{
    /// <summary>The number of groups of channels that do not see each other.</summary>
    int Groups(Node node);

    /// <summary>The node with so many groups.</summary>
    Node WithGroups(Node node, int groups);
}

/// <summary>The trait of a matrix product: <c>alpha · A' · B' + beta · C</c>, where a dash may be a transposition.</summary>
internal interface IMatrixProduct : IDotProduct
{
    /// <summary>Whether the first matrix is transposed.</summary>
    bool TransposesFirst(Node node) => false;

    /// <summary>Whether the second matrix, the weights, is transposed.</summary>
    bool TransposesSecond(Node node) => false;

    /// <summary>The factor of the product.</summary>
    float ProductFactor(Node node) => 1;

    /// <summary>The factor of the addend.</summary>
    float AddendFactor(Node node) => 1;
}
