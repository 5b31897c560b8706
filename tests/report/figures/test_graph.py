import dataclasses
import io
import itertools
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from PIL import Image

from ablate.nn import BatchNorm, BernoulliDropout, CrossEntropy, He, NoDropout, NoNorm, ReLU
from ablate.nn.graph import LOSS, graph_of
from ablate.nn.measure import measure
from ablate.nn.network import Replicas
from ablate.nn.scalar_graph import Scalar
from ablate.registry import options
from ablate.report.figures.graph import graph_figure, own_name, size_text
from ablate.report.figures.graph_layout import CARD, lay_out
from ablate.report.figures.graph_svg import GraphDrawer
from ablate.report.figures.render import png, svg
from ablate.report.figures.scalar_graph import scalar_figure
from ablate.report.graph_table import graph_table

MODELS = sorted(options("model"))
SHAPE = (1, 28, 28)


def graph(model="mlp", seed=0, *, norm=None, dropout=None):
    network = options("model")[model]().build(
        SHAPE, 10, activation=ReLU(), norm=norm or NoNorm(), dropout=dropout or NoDropout()
    )
    rng = np.random.default_rng(seed)
    replicas = Replicas(network, blocks=1)
    replicas.init(He(), [rng])
    inputs = rng.random((1, 2, *network.in_shape), dtype=np.float32)
    labels = rng.integers(0, 10, (1, 2))
    return measure(network, CrossEntropy(), params=replicas.params, inputs=inputs, labels=labels, rngs=[rng])


def texts(document):
    root = ET.fromstring(document)
    return [element.text for element in root.iter("{http://www.w3.org/2000/svg}text")]


@pytest.mark.parametrize("model", MODELS)
def test_the_svg_is_xml_with_a_text_for_every_node_and_its_sizes(model):
    one = graph(model, norm=BatchNorm(), dropout=BernoulliDropout())
    document = GraphDrawer()(one, title="a < b & c")
    found = texts(document)
    assert "a < b & c" in found
    nodes = one.nodes()
    for node in nodes:
        assert f'id="node-{node.name}"' in document
        assert own_name(node) in found
        assert size_text(node.sizes.forward) in found
        assert size_text(node.sizes.backward) in found
    assert document.count("<circle ") == 2 * (len(nodes) - 1)  # two on every card but the loss's


@pytest.mark.parametrize("model", MODELS)
def test_no_card_lies_on_another_and_every_edge_ends_on_a_card(model):
    layout = lay_out(graph_of(options("model")[model]().build(
        SHAPE, 10, activation=ReLU(), norm=NoNorm(), dropout=NoDropout()), CrossEntropy()))  # fmt: skip
    width, height = CARD
    for one, two in itertools.combinations(layout.cards, 2):
        assert abs(one.x - two.x) >= width or abs(one.y - two.y) >= height
    tops = [(card.x, card.y) for card in layout.cards]
    for edge in layout.edges:
        x, y = edge[-1]
        assert any(left < x < left + width and y == pytest.approx(top) for left, top in tops)
    for card in layout.cards:
        assert 0 <= card.x <= layout.width - width + 1e-9
        assert 0 <= card.y <= layout.height - height + 1e-9


def test_arms_of_one_architecture_share_a_drawing_and_keep_their_own_numbers():
    drawer, one, two = GraphDrawer(), graph(seed=0), graph(seed=1)
    first, second = drawer(one, title="one"), drawer(two, title="two")
    assert len(drawer._frames) == 1
    assert first == GraphDrawer()(one, title="one")
    assert second == GraphDrawer()(two, title="two")
    sizes = size_text(two.chain[-1].sizes.forward)
    assert sizes in texts(second)
    assert sizes not in texts(first)
    drawer(graph("mlp", norm=BatchNorm()), title="three")
    assert len(drawer._frames) == 2


def test_svg_and_png_show_the_same_texts():
    one = graph()
    figure = graph_figure(one, title="t")
    assert sorted(texts(svg(figure))) == sorted(texts(GraphDrawer()(one, title="t")))
    with Image.open(io.BytesIO(png(figure))) as image:
        assert image.getpixel((0, 0)) is not None
        red, green, blue = image.convert("RGB").getpixel((1, 1))
        assert min(red, green, blue) > 245  # a light background


def test_what_was_not_measured_and_what_is_not_finite_is_drawn_all_the_same():
    bare = graph_of(options("model")["mlp"]().build(
        SHAPE, 10, activation=ReLU(), norm=NoNorm(), dropout=NoDropout()))  # fmt: skip
    document = GraphDrawer()(bare, title="bare")
    assert "<circle" not in document
    assert "RMS" not in document
    one = graph()
    chain = list(one.chain)
    chain[1] = dataclasses.replace(
        chain[1], sizes=dataclasses.replace(chain[1].sizes, forward=float("inf"), backward=0.0)
    )
    document = GraphDrawer()(dataclasses.replace(one, chain=tuple(chain)), title="odd")
    assert "inf" in texts(document)
    assert document.count("<circle ") == 2 * (len(chain) - 1) - 2


def test_the_table_has_a_line_for_every_node_in_columns():
    one = graph()
    lines = graph_table(one)
    assert [line.split()[0] for line in lines] == ["node", *(node.name for node in one.nodes()), "all"]
    assert lines[-1].split() == ["all", f"{one.parameters:,}"]
    by_name = {line.split()[0]: line.split() for line in lines}
    assert by_name[LOSS][-2:] == [size_text(one.chain[-1].sizes.forward), "1.0"]


def test_a_scalar_graph_shows_values_and_gradients_of_every_edge():
    x, y = Scalar(2.0, "x"), Scalar(5.0, "y")
    end = x * y + x
    end.backward()
    found = texts(svg(scalar_figure(end, name="s", title="t")))
    product, total, end_edge = ["2", "5", "5", "2"], ["10", "1", "2", "1"], ["12", "1"]
    words = ["x", "y", "×", "+", "t", "forward: values, above", "backward: gradients, below"]
    assert sorted(found) == sorted([*words, *product, *total, *end_edge])
