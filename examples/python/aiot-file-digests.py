#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Shows the SHA-256 digests of all files below a folder, while they are made.

A worker finds and reads the files. The window takes what is ready, as much at a time as there is, and goes on drawing.
There is no asyncio loop: AioThreads.spawn drives the coroutine on the main loop of GTK.

    aiot-file-digests.py [FOLDER]
"""

import asyncio
import hashlib
import os
import stat
import sys
from typing import NamedTuple

import gi

gi.require_version('Gdk', '4.0')
gi.require_version('Gtk', '4.0')
gi.require_version('AioThreads', '1')

from gi.repository import AioThreads, Gdk, Gio, GLib, GObject, Gtk, Pango  # noqa: E402

BLOCK = 1 << 18
ROWS_AT_ONCE = 256

STYLE = b"""
columnview.digests { background: @theme_base_color; }
columnview.digests .digest { font-family: monospace; font-size: 90%; }
columnview.digests .numeric { font-feature-settings: "tnum"; }
.status { padding: 8px 12px; }
.status progressbar { min-width: 220px; }
.placeholder image { opacity: 0.4; }
.placeholder label { font-size: 120%; }
"""


# --- In the worker ----------------------------------------------------------

class Found(NamedTuple):
    """A file that will be read."""
    size: int


class Read(NamedTuple):
    """A piece of a file was read."""
    size: int


class Digested(NamedTuple):
    """A file, or folder, that is done. It has a digest or an error."""
    path: str
    size: int
    digest: str = ''
    error: str = ''


def find_files(folder, errors):
    for parent, folders, names in os.walk(folder, onerror=errors.append):
        folders.sort()
        for name in sorted(names):
            path = os.path.join(parent, name)
            try:
                status = os.lstat(path)
            except OSError as error:
                errors.append(error)
                continue
            if stat.S_ISREG(status.st_mode):
                yield path, status.st_size


def read_blocks(path):
    with open(path, 'rb', buffering=0) as file:
        while block := file.read(BLOCK):
            yield block


# Whoever closes the iterator stops it at its next yield, so it has one for each block and not only for each file.
@AioThreads.threaded_iterable
def digest_files(folder):
    files, errors = [], []
    for path, size in find_files(folder, errors):
        files.append((path, size))
        yield Found(size)
    for error in errors:
        yield Digested(error.filename, 0, error=error.strerror)

    for path, size in files:
        digest = hashlib.sha256()
        try:
            for block in read_blocks(path):
                digest.update(block)
                yield Read(len(block))
        except OSError as error:
            yield Digested(path, size, error=error.strerror)
        else:
            yield Digested(path, size, digest.hexdigest())


# --- In the window ----------------------------------------------------------

class Row(GObject.Object):
    def __init__(self, top, file):
        super().__init__()
        # Names may have bytes that are no UTF-8, and more than one line. They are shown as they can be.
        path = os.path.relpath(file.path, top).encode(errors='surrogateescape').decode(errors='replace')
        self.folder, self.name = os.path.split(path.replace('\n', '↵'))
        self.size = file.size
        self.digest = file.digest or file.error
        self.failed = bool(file.error)


class Progress:
    """How far the worker is, in files and in bytes."""

    def __init__(self):
        self.n_files = self.n_done = self.n_failed = 0
        self.n_bytes = self.n_read = 0
        self.all_found = False

    def note(self, item):
        match item:
            case Found(size):
                self.n_files += 1
                self.n_bytes += size
            case Read(size):
                self.all_found = True
                self.n_read += size
            case Digested(error=error):
                self.all_found = True
                self.n_done += 1
                self.n_failed += bool(error)

    def get_fraction(self):
        """None while nobody can know."""
        if not self.all_found:
            return None
        return min(self.n_read / self.n_bytes, 1) if self.n_bytes else 1

    def __str__(self):
        if not self.all_found:
            return f'Looking for files: {self.n_files:,} found'
        text = f'{self.n_done:,} of {self.n_files:,} files, {GLib.format_size(self.n_read)}'
        return f'{text}, {self.n_failed:,} could not be read' if self.n_failed else text


def make_box(orientation, *children, **properties):
    box = Gtk.Box(orientation=orientation, **properties)
    for child in children:
        box.append(child)
    return box


def compare(row, other, name):
    one, two = getattr(row, name), getattr(other, name)
    return (one > two) - (one < two)


def make_column(name, title, show=str, xalign=0, css_classes=(), **properties):
    def set_up(_, item):
        item.set_child(Gtk.Inscription(xalign=xalign, text_overflow=Gtk.InscriptionOverflow.ELLIPSIZE_END,
                                       css_classes=css_classes))

    def bind(_, item):
        row, cell = item.get_item(), item.get_child()
        cell.set_text(show(getattr(row, name)))
        if name == 'digest':
            (cell.add_css_class if row.failed else cell.remove_css_class)('error')

    factory = Gtk.SignalListItemFactory()
    factory.connect('setup', set_up)
    factory.connect('bind', bind)
    return Gtk.ColumnViewColumn(title=title, factory=factory, sorter=Gtk.CustomSorter.new(compare, name), resizable=True,
                                **properties)


def make_view(rows):
    view = Gtk.ColumnView(show_row_separators=True, css_classes=['digests', 'data-table'])
    for column in (
            make_column('name', 'Name', fixed_width=220),
            make_column('folder', 'Folder', expand=True),
            make_column('size', 'Size', GLib.format_size, 1, ['numeric'], fixed_width=100),
            make_column('digest', 'SHA-256', css_classes=['digest'], fixed_width=300)):
        view.append_column(column)
    view.set_model(Gtk.NoSelection(model=Gtk.SortListModel(model=rows, sorter=view.get_sorter(), incremental=True)))
    return view


def make_placeholder():
    return make_box(Gtk.Orientation.VERTICAL,
                    Gtk.Image(icon_name='folder-open-symbolic', pixel_size=96),
                    Gtk.Label(label='Open a folder to see the digests of its files'),
                    spacing=18, valign=Gtk.Align.CENTER, css_classes=['placeholder'])


class Window(Gtk.ApplicationWindow):
    def __init__(self, application):
        super().__init__(application=application, title='File digests', default_width=960, default_height=600)
        self.application = application
        self.task = None
        self.turn = asyncio.Lock()
        self.rows = Gio.ListStore(item_type=Row)

        self.subtitle = Gtk.Label(css_classes=['subtitle'], ellipsize=Pango.EllipsizeMode.START, visible=False)
        self.stop_button = Gtk.Button(label='Stop', css_classes=['destructive-action'], visible=False)
        self.stop_button.connect('clicked', lambda _: self.stop())
        self.stack = Gtk.Stack(vexpand=True)
        self.stack.add_named(make_placeholder(), 'placeholder')
        self.stack.add_named(Gtk.ScrolledWindow(child=make_view(self.rows)), 'rows')
        self.status = Gtk.Label(xalign=0, hexpand=True, ellipsize=Pango.EllipsizeMode.END, css_classes=['numeric'])
        self.bar = Gtk.ProgressBar(valign=Gtk.Align.CENTER, visible=False)
        self.shown_while_running = (self.stop_button, self.bar)

        self.set_titlebar(self.make_header())
        self.set_child(make_box(Gtk.Orientation.VERTICAL, self.stack, Gtk.Separator(), make_box(
            Gtk.Orientation.HORIZONTAL, self.status, self.bar, spacing=12, css_classes=['status'])))

    def make_header(self):
        title = make_box(Gtk.Orientation.VERTICAL, Gtk.Label(label=self.get_title(), css_classes=['title']), self.subtitle,
                         valign=Gtk.Align.CENTER)
        open_button = Gtk.Button(label='Open…')
        open_button.connect('clicked', lambda _: self.choose_folder())
        header = Gtk.HeaderBar(title_widget=title)
        header.pack_start(open_button)
        header.pack_end(self.stop_button)
        return header

    def choose_folder(self):
        def chosen(_, response):
            if response == Gtk.ResponseType.ACCEPT:
                self.show_folder(chooser.get_file().get_path())

        # Nobody else keeps it while it is open.
        self.chooser = chooser = Gtk.FileChooserNative(
            title='Open a folder', transient_for=self, action=Gtk.FileChooserAction.SELECT_FOLDER)
        chooser.connect('response', chosen)
        chooser.show()

    def show_folder(self, folder):
        self.stop()
        self.task = AioThreads.spawn(self.read(folder))

    def stop(self):
        if self.task is not None:
            self.task.cancel()

    def do_close_request(self):
        self.stop()
        return Gtk.ApplicationWindow.do_close_request(self)

    async def read(self, folder):
        # One that was stopped leaves its file before the next one begins.
        async with self.turn:
            progress = Progress()
            self.begin(folder)
            try:
                async with digest_files(folder) as items:
                    while some := await items.next_many(max=ROWS_AT_ONCE):
                        self.add(folder, some, progress)
                # There may have been nothing to find.
                progress.all_found = True
                self.show_progress(progress)
            except asyncio.CancelledError:
                self.status.set_label(f'Stopped: {progress}')
                raise
            finally:
                self.end()

    def begin(self, folder):
        # The program does not end before the worker has.
        self.application.hold()
        self.rows.remove_all()
        self.status.set_label('')
        self.bar.set_fraction(0)
        self.subtitle.set_label(GLib.filename_display_name(os.fspath(folder)))
        self.subtitle.set_visible(True)
        self.stack.set_visible_child_name('rows')
        for part in self.shown_while_running:
            part.set_visible(True)

    def end(self):
        for part in self.shown_while_running:
            part.set_visible(False)
        self.application.release()

    def add(self, folder, items, progress):
        for item in items:
            progress.note(item)
        # The list is told once of many rows.
        rows = [Row(folder, item) for item in items if isinstance(item, Digested)]
        self.rows.splice(self.rows.get_n_items(), 0, rows)
        self.show_progress(progress)

    def show_progress(self, progress):
        self.status.set_label(str(progress))
        fraction = progress.get_fraction()
        if fraction is None:
            self.bar.pulse()
        else:
            self.bar.set_fraction(fraction)


class Program(Gtk.Application):
    def __init__(self):
        super().__init__(flags=Gio.ApplicationFlags.HANDLES_OPEN | Gio.ApplicationFlags.NON_UNIQUE)

    def do_startup(self):
        Gtk.Application.do_startup(self)
        provider = Gtk.CssProvider()
        provider.load_from_data(STYLE)
        Gtk.StyleContext.add_provider_for_display(
            Gdk.Display.get_default(), provider, Gtk.STYLE_PROVIDER_PRIORITY_APPLICATION)

    def do_activate(self):
        Window(self).present()

    def do_open(self, files, n_files, hint):
        for file in files:
            window = Window(self)
            window.present()
            window.show_folder(file.get_path())


if __name__ == '__main__':
    sys.exit(Program().run(sys.argv))
