namespace OptimizerBuild.Kernels;

/// <summary>
/// An <see cref="Int8Product"/> whose weights are four bits each in memory (<c>Int4Packing</c>), perhaps times a factor for each output
/// channel and group of inputs. <see cref="Int4ProductLoop"/> carries it out; the sums are those of the same weights as s8.
/// </summary>
internal struct Int4Product
{
    /// <summary>Bytes of the weights of a panel's quad: 16 outputs times four inputs.</summary>
    public const int QuadBytes = 32;

    /// <summary>Output channels of a panel.</summary>
    public const int PanelWidth = 16;

    /// <summary>The layer; its weights are the codes.</summary>
    public Int8Product Product;

    /// <summary>Weights offset of the factors: for each group, panel and group of inputs 16 bytes.</summary>
    public int Factors;

    /// <summary>Quads of inputs that share a factor; 0 where there are no factors.</summary>
    public int GroupQuads;

    /// <summary>Quads of a tap: a group of inputs ends with it.</summary>
    public int TapQuads;

    /// <summary>Panels of a group of channels.</summary>
    public readonly int Panels => (Product.Channels + PanelWidth - 1) / PanelWidth;

    /// <summary>Groups of inputs; 1 where there are no factors.</summary>
    public readonly int InputGroups => GroupQuads == 0 ? 1 : (TapQuads + GroupQuads - 1) / GroupQuads;

    /// <summary>
    /// Whether it is one row of neighbouring inputs, which is multiplied without expanding the weights. With factors it is of one tap: the
    /// taps of a kernel of one row are one segment, but each has all groups.
    /// </summary>
    public readonly bool IsRow =>
        Product.Images == 1 && Product.Height * Product.Width == 1 && Product.SegmentRows * Product.SegmentColumns == 1
        && (GroupQuads == 0 || TapQuads == Product.Quads);

    /// <summary>The codes of a panel.</summary>
    /// <param name="w">The workspace.</param>
    /// <param name="group">The group of channels.</param>
    /// <param name="channel">The panel's first channel.</param>
    public readonly ref byte Codes(Workspace w, int group, int channel) =>
        ref w.Weight(unchecked(Product.Weights + (((group * Panels) + (channel / PanelWidth)) * Product.Quads * QuadBytes)));

    /// <summary>The factors of a panel's first group of inputs. Parameters as of <see cref="Codes"/>.</summary>
    public readonly ref byte FactorsOf(Workspace w, int group, int channel) =>
        ref w.Weight(unchecked(Factors + (((group * Panels) + (channel / PanelWidth)) * InputGroups * PanelWidth)));
}
